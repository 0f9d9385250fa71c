import type { JobRecords } from './job-records.js';
import type { RunningJob } from './running-job.js';

/** Jobs whose lease is over that are taken over in one go. */
const OVER_AT_ONCE = 100;

export interface LeasedRunsOptions {
  readonly records: Pick<JobRecords, 'lease'>;
  /** Milliseconds without a sign from this process after which others take its jobs over. */
  readonly leaseMs: number;
  /** Takes over a job whose process gave no sign. */
  takeOver(jobId: string): Promise<void>;
}

/** The jobs that this process started without BullMQ: their leases are renewed together, and those of processes that are gone are noticed. */
export class LeasedRuns {
  private readonly runs = new Map<string, RunningJob>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: LeasedRunsOptions) {}

  add(run: RunningJob): void {
    this.runs.set(run.jobId, run);
  }

  delete(run: RunningJob): void {
    this.runs.delete(run.jobId);
  }

  start(): void {
    // A renewal that fails is made good by the next one; past the lease others have the job, and its record tells the run.
    this.timer ??= setInterval(() => this.renew().catch(() => {}), Math.ceil(this.options.leaseMs / 3)).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async renew(): Promise<void> {
    const { records, leaseMs, takeOver } = this.options;
    const { gone, over } = await records.lease([...this.runs.keys()], leaseMs, OVER_AT_ONCE);
    for (const jobId of gone) this.runs.get(jobId)?.look();
    for (const jobId of over) await takeOver(jobId);
  }
}
