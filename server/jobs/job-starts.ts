import type { JobKeys } from './job-keys.js';
import type { Job } from './job-machine.js';
import type { JobLane } from './job-queue.js';
import { encodeJob, loadJobScript, runJobScript } from './job-scripts.js';
import type { JobsLink } from './jobs-link.js';
import { gatherLanes } from './turn-batches.js';

/** A submission that has a place to run. */
export interface NewStart {
  /** As it is when it is started. */
  readonly job: Job;
  /** Milliseconds without a sign after which others take it over. */
  readonly leaseMs: number;
}

export type StartAnswer = ['started' | 'line' | 'full' | 'handler busy'] | ['joined', jobId: string];

const START = loadJobScript('run-of-key', 'lease-time', 'start-jobs');

/** Submissions that are started as they are taken: those of one turn and lane in one script. */
export class JobStarts {
  private readonly gathered = gatherLanes((lane, starts: readonly NewStart[]) => this.send(lane, starts));

  constructor(
    private readonly link: Pick<JobsLink, 'run'>,
    private readonly keys: JobKeys,
  ) {}

  /** @throws HubError `unavailable`, `storage_full`, `timeout`: it may have been taken */
  start(start: NewStart): Promise<StartAnswer> {
    return this.gathered(start.job.request.lane, start);
  }

  private async send(lane: JobLane, starts: readonly NewStart[]): Promise<StartAnswer[]> {
    const { keys } = this;
    const shared = [keys.activeOfLane(lane), keys.of('leases'), keys.of('names'), keys.of('all')];
    const keyNames = [...shared, ...keys.bullLine(lane), ...starts.flatMap(({ job }) => this.keysOf(job))];
    return (await runJobScript(this.link, START, keyNames, [keys.job(''), ...starts.flatMap(argsOf)])) as StartAnswer[];
  }

  private keysOf({ request, state }: Job): string[] {
    const { keys } = this;
    const own = [keys.job(state.jobId), keys.of('owner', request.owner), keys.activeOfName(request.name)];
    if (request.key !== undefined) own.push(keys.key(request));
    if (request.perUserLimit !== undefined) own.push(keys.unfinished(request));
    if (request.concurrency !== undefined) own.push(keys.queuedOfName(request.name));
    return own;
  }
}

function argsOf({ job, leaseMs }: NewStart): string[] {
  const { request, state } = job;
  const keyed = request.key === undefined ? '' : request.once ? 'once' : 'key';
  const bounds = [keyed, String(request.perUserLimit ?? ''), String(leaseMs), String(request.concurrency ?? ''), request.owner];
  return [state.jobId, JSON.stringify(request), encodeJob(job), String(state.revision), String(state.createdAt), request.name, ...bounds];
}
