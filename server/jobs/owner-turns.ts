/** Waiting jobs, owner by owner: owners take turns, each owner's jobs keep their order. */
export class OwnerTurns {
  // A Map keeps its insertion order: its first owner is the next one.
  private readonly waiting = new Map<string, OwnJobs>();

  /** @param kind jobs of one kind may start, or none of them may */
  add(owner: string, jobId: string, kind = ''): void {
    const own = this.waiting.get(owner) ?? new OwnJobs();
    this.waiting.set(owner, own);
    own.add(jobId, kind);
  }

  /** Takes the oldest job that may start of the next owner who has one; the owner goes to the end of the line. */
  take(mayStart: (jobId: string) => boolean = () => true): string | undefined {
    for (const [owner, own] of this.waiting) {
      const jobId = own.take(mayStart);
      if (jobId === undefined) continue;
      this.waiting.delete(owner);
      if (!own.isEmpty) this.waiting.set(owner, own);
      return jobId;
    }
    return undefined;
  }

  /** How many jobs start before the owner's next one: in each turn before it, one of every other owner who has so many. */
  before(owner: string): number {
    const own = this.waiting.get(owner)?.size ?? 0;
    let before = own;
    let isBehind = false;
    for (const [other, jobs] of this.waiting) {
      if (other === owner) isBehind = true;
      else before += Math.min(jobs.size, isBehind ? own : own + 1);
    }
    return before;
  }

  get size(): number {
    let size = 0;
    for (const jobs of this.waiting.values()) size += jobs.size;
    return size;
  }

  remove(owner: string, jobId: string, kind = ''): void {
    const own = this.waiting.get(owner);
    own?.remove(jobId, kind);
    if (own?.isEmpty) this.waiting.delete(owner);
  }
}

/** One owner's jobs. They are kept apart by kind, so that a thousand which may not start are passed by in one step. */
class OwnJobs {
  /** Of each kind the jobs and their places, the first of which is the oldest. */
  private readonly kinds = new Map<string, Map<string, number>>();
  private added = 0;

  get isEmpty(): boolean {
    return this.kinds.size === 0;
  }

  get size(): number {
    let size = 0;
    for (const jobs of this.kinds.values()) size += jobs.size;
    return size;
  }

  add(jobId: string, kind: string): void {
    const jobs = this.kinds.get(kind) ?? new Map<string, number>();
    this.kinds.set(kind, jobs.set(jobId, ++this.added));
  }

  take(mayStart: (jobId: string) => boolean): string | undefined {
    let first: { jobId: string; kind: string; place: number } | undefined;
    for (const [kind, jobs] of this.kinds) {
      for (const [jobId, place] of jobs) {
        if ((!first || place < first.place) && mayStart(jobId)) first = { jobId, kind, place };
        break;
      }
    }
    if (first) this.remove(first.jobId, first.kind);
    return first?.jobId;
  }

  remove(jobId: string, kind: string): void {
    const jobs = this.kinds.get(kind);
    jobs?.delete(jobId);
    if (jobs?.size === 0) this.kinds.delete(kind);
  }
}
