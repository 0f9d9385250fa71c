import { isEnded, type Job, recoverJob } from './job-machine.js';
import { JOB_LANES, type JobLane } from './job-queue.js';
import type { JobRecords } from './job-records.js';

/** A submission that took longer is no longer under way. */
const ORPHAN_MS = 30_000;
const ORPHANS_AT_ONCE = 100;

/** What BullMQ has of a job. */
interface BullJob {
  readonly finishedOn?: number | undefined;
  remove(): Promise<unknown>;
}

export interface LostJobsOptions {
  readonly records: JobRecords;
  findInBull(lane: JobLane, jobId: string): Promise<BullJob | undefined>;
  /** Puts a job in line. */
  add(job: Job, turn: number): Promise<void>;
  report(job: Job): void;
  readonly now: () => number;
}

/** Brings jobs back into line that nobody has. */
export class LostJobs {
  constructor(private readonly options: LostJobsOptions) {}

  /** Jobs that BullMQ does not have: their submitter died between the two, or Redis lost the end of its log. */
  async adoptOrphans(): Promise<void> {
    const { records, now } = this.options;
    for (const lane of JOB_LANES) {
      for (const status of ['queued', 'active'] as const) {
        const ids = await records.oldest(status, lane, now() - ORPHAN_MS, ORPHANS_AT_ONCE);
        for (const jobId of ids) if (!(await records.hasLease(jobId))) await this.adoptOrphan(jobId, lane);
      }
    }
  }

  /** A job that was started without BullMQ, and whose process gave no sign for as long as its lease lasts. */
  async takeOver(jobId: string): Promise<void> {
    const { records } = this.options;
    const job = await records.read(jobId);
    if (job?.state.state === 'active') await this.lineUp(job);
    else await records.dropLease(jobId);
  }

  private async adoptOrphan(jobId: string, lane: JobLane): Promise<void> {
    const { records } = this.options;
    const bullJob = await this.options.findInBull(lane, jobId);
    if (bullJob && bullJob.finishedOn === undefined) return;
    const job = await records.read(jobId);
    if (!job) return records.dropFromIndex(jobId, lane);
    if (isEnded(job)) return;
    // What waits for another job of its handler is no orphan.
    if (job.state.state === 'queued' && (await records.hold(job))) return;
    await this.lineUp(job, bullJob);
  }

  private async lineUp(job: Job, bullJob?: BullJob): Promise<void> {
    const { records, report, add } = this.options;
    const queued = job.state.state === 'active' ? recoverJob(job, this.options.now()) : job;
    if (queued !== job) {
      if (!(await records.change(job, queued))) return;
      report(queued);
    }
    await bullJob?.remove();
    if (!isEnded(queued)) await add(queued, await records.turnOf(job.state.jobId));
  }
}
