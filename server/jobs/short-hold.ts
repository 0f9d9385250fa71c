/** Holds items back for a short time each, the same for all, unless they are taken out before. */
export class ShortHold<Item> {
  /** Since when each is held, the oldest first. */
  private readonly held = new Map<Item, number>();
  private timer: NodeJS.Timeout | undefined;

  /** @param letGo is given each item that was held for `holdMs` */
  constructor(
    private readonly holdMs: number,
    private readonly letGo: (item: Item) => void,
  ) {}

  /** One that is held already is held no longer for that. */
  hold(item: Item): void {
    if (!this.held.has(item)) this.held.set(item, performance.now());
    this.wake(this.holdMs);
  }

  takeOut(item: Item): void {
    this.held.delete(item);
  }

  private wake(inMs: number): void {
    // A turn later: where the event loop was busy, what came meanwhile is heard first.
    this.timer ??= setTimeout(() => setImmediate(() => this.look()), inMs);
  }

  private look(): void {
    this.timer = undefined;
    const now = performance.now();
    for (const [item, since] of this.held) {
      const leftMs = since + this.holdMs - now;
      if (leftMs > 0) {
        this.wake(leftMs);
        return;
      }
      this.held.delete(item);
      this.letGo(item);
    }
  }
}
