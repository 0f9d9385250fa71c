/** Some ended jobs, in order of the time at which they are to be forgotten. Every operation is O(1) in the number of jobs. */
export class EndedJobs {
  /** Times of their ends by id, of each time to live: the first of each line is the first of it to be forgotten. */
  private readonly lines = new Map<number, Map<string, number>>();
  private sum = 0;

  /** What they have together. */
  get bytes(): number {
    return this.sum;
  }

  /** In order of their ends. @param endedAt in milliseconds since 1970 */
  add(jobId: string, { endedAt, ttlMs, bytes }: { endedAt: number; ttlMs: number; bytes: number }): void {
    const line = this.lines.get(ttlMs) ?? new Map<string, number>();
    this.lines.set(ttlMs, line.set(jobId, endedAt));
    this.sum += bytes;
  }

  remove(jobId: string, { ttlMs, bytes }: { ttlMs: number; bytes: number }): void {
    const line = this.lines.get(ttlMs);
    if (!line?.delete(jobId)) return;
    if (line.size === 0) this.lines.delete(ttlMs);
    this.sum -= bytes;
  }

  /** The one to be forgotten first, and when, in milliseconds since 1970. */
  first(): { jobId: string; forgetAt: number } | undefined {
    let first: { jobId: string; forgetAt: number } | undefined;
    for (const [ttlMs, line] of this.lines) {
      for (const [jobId, endedAt] of line) {
        if (!first || endedAt + ttlMs < first.forgetAt) first = { jobId, forgetAt: endedAt + ttlMs };
        break;
      }
    }
    return first;
  }
}
