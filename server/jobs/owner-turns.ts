/** Waiting jobs, owner by owner: owners take turns, each owner's jobs keep their order. */
export class OwnerTurns {
  // A Map keeps its insertion order: its first owner is the next one.
  private readonly waiting = new Map<string, Set<string>>();

  add(owner: string, jobId: string): void {
    const own = this.waiting.get(owner);
    if (own) own.add(jobId);
    else this.waiting.set(owner, new Set([jobId]));
  }

  /** Takes the next owner's oldest job; the owner goes to the end of the line. */
  take(): string | undefined {
    for (const [owner, own] of this.waiting) {
      this.waiting.delete(owner);
      for (const jobId of own) {
        own.delete(jobId);
        if (own.size > 0) this.waiting.set(owner, own);
        return jobId;
      }
    }
    return undefined;
  }

  remove(owner: string, jobId: string): void {
    const own = this.waiting.get(owner);
    own?.delete(jobId);
    if (own?.size === 0) this.waiting.delete(owner);
  }
}
