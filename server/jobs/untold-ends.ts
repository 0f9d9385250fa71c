import { isEnded, type Job } from './job-machine.js';
import type { JobRecords } from './job-records.js';

interface UntoldOptions {
  readonly records: Pick<JobRecords, 'untold' | 'told' | 'readMany'>;
  /** Hears of each end that is to be told again. */
  tell(job: Job): void;
  /** Milliseconds after which an end that nobody called told is told again. */
  readonly afterMs: number;
  readonly now: () => number;
}

/** Milliseconds for which what was told is gathered: one command for all of it. */
const GATHER_MS = 100;
const AT_ONCE = 200;

/**
 * Makes up for processes that were lost between the end of a job and its telling: an end is noted with the job's last state, in one step, and struck off
 * when it was told. What stays noted is told by another process. Twice is once: the publication has the same id.
 */
export class UntoldEnds {
  private readonly timer: NodeJS.Timeout;
  private gathered: string[] = [];
  private gathering: NodeJS.Timeout | undefined;

  constructor(private readonly options: UntoldOptions) {
    this.timer = setInterval(() => this.tellAgain().catch(() => {}), Math.ceil(options.afterMs / 2)).unref();
  }

  /** What cannot be struck off now is told once more. */
  told(jobId: string): void {
    this.gathered.push(jobId);
    this.gathering ??= setTimeout(() => {
      this.gathering = undefined;
      this.options.records.told(this.gathered.splice(0)).catch(() => {});
    }, GATHER_MS);
  }

  close(): void {
    clearInterval(this.timer);
  }

  private async tellAgain(): Promise<void> {
    const { records, tell, afterMs, now } = this.options;
    const ids = await records.untold(now() - afterMs, now(), AT_ONCE);
    const jobs = await records.readMany(ids);
    const known = new Set(jobs.map(({ state }) => state.jobId));
    const forgotten = ids.filter((id) => !known.has(id));
    if (forgotten.length > 0) await records.told(forgotten);
    // One that was run again is noted anew with its next end.
    for (const job of jobs) if (isEnded(job)) tell(job);
  }
}
