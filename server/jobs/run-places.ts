interface Waiter {
  readonly timer: NodeJS.Timeout;
  readonly leaving: number;
  resolve(taken: boolean): void;
}

/** How many jobs run at once. Who waits for a place gets it in the order of coming. */
export class RunPlaces {
  private taken = 0;
  private readonly waiting = new Set<Waiter>();

  constructor(private readonly most: number) {}

  /** @param leaving places that have to be free after that */
  tryTake(leaving = 0): boolean {
    if (this.taken + leaving >= this.most) return false;
    this.taken++;
    return true;
  }

  /** False: there was none within that time. */
  take(withinMs: number, leaving = 0): Promise<boolean> {
    if (this.tryTake(leaving)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const giveUp = () => {
        if (this.waiting.delete(waiter)) resolve(false);
      };
      // A turn later: where the event loop was busy, what has ended meanwhile is heard first.
      const waiter: Waiter = { timer: setTimeout(() => setImmediate(giveUp), withinMs), leaving, resolve };
      this.waiting.add(waiter);
    });
  }

  giveBack(): void {
    this.taken--;
    for (const next of this.waiting) {
      if (!this.tryTake(next.leaving)) continue;
      this.waiting.delete(next);
      clearTimeout(next.timer);
      next.resolve(true);
      return;
    }
  }
}
