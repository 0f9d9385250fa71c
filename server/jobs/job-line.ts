import { holderOf } from './job-machine.js';
import { JOB_PRIORITIES, type JobPriority, type JobRequest } from './job-queue.js';
import { OwnerTurns } from './owner-turns.js';

/** The waiting jobs of one lane: those of a higher priority first, and among them holder by holder. */
export class JobLine {
  private readonly byPriority: Record<JobPriority, OwnerTurns> = {
    high: new OwnerTurns(),
    normal: new OwnerTurns(),
    low: new OwnerTurns(),
  };

  add(request: JobRequest, jobId: string): void {
    this.byPriority[request.priority ?? 'normal'].add(holderOf(request), jobId, kindOf(request));
  }

  /** The place of the next job that is added with that request: 1 is the first to start. */
  placeOf(request: JobRequest): number {
    const { priority = 'normal' } = request;
    const higher = JOB_PRIORITIES.slice(0, JOB_PRIORITIES.indexOf(priority));
    const before = higher.reduce((sum, one) => sum + this.byPriority[one].size, 0);
    return before + this.byPriority[priority].before(holderOf(request)) + 1;
  }

  /** Takes the job that is next, of those that may start. */
  take(mayStart?: (jobId: string) => boolean): string | undefined {
    for (const priority of JOB_PRIORITIES) {
      const jobId = this.byPriority[priority].take(mayStart);
      if (jobId !== undefined) return jobId;
    }
    return undefined;
  }

  remove(request: JobRequest, jobId: string): void {
    this.byPriority[request.priority ?? 'normal'].remove(holderOf(request), jobId, kindOf(request));
  }
}

/** Handlers that limit how many of their jobs run are kinds of their own. */
const kindOf = ({ name, concurrency }: JobRequest) => (concurrency === undefined ? '' : name);
