import type { JobKeys } from './job-keys.js';
import { holderOf, type Job, keptMs } from './job-machine.js';
import type { JobLane } from './job-queue.js';
import { encodeJob, loadJobScript, runJobScript } from './job-scripts.js';
import type { JobsLink } from './jobs-link.js';
import { gatherLanes } from './turn-batches.js';

/** A running job and the state in which it ends. */
interface NewEnd {
  readonly from: Job;
  readonly to: Job;
}

/** Ended jobs that are kept, of all and of one holder. */
export interface KeptEnds {
  readonly failedMax: number;
  readonly failedPerOwnerMax: number;
  /** Bytes of JSON of those that did not fail, where they are large: of small ones there cannot be many bytes within their time. */
  readonly endedMaxBytes: number;
  readonly endedPerOwnerMaxBytes: number;
}

/** Bytes of JSON past which an ended job counts as large. */
const LARGE_BYTES = 4 * 1024;

const END = loadJobScript('byte-use', 'failed-jobs', 'large-jobs', 'held-jobs', 'end-jobs');

/** Ends of jobs that run: those of one turn and lane in one script. */
export class JobEnds {
  private readonly gathered = gatherLanes((lane, ends: readonly NewEnd[]) => this.send(lane, ends));

  /** @param onAdmitted hears of each job that was held back for one that ended */
  constructor(
    private readonly link: Pick<JobsLink, 'run'>,
    private readonly keys: JobKeys,
    private readonly kept: KeptEnds,
    private readonly onAdmitted: (jobId: string) => void,
  ) {}

  /** False: the job is not in the state `from`, which is an active one, any more. @throws HubError `unavailable`, `timeout`: it may have been changed */
  end(from: Job, to: Job): Promise<boolean> {
    return this.gathered(to.request.lane, { from, to });
  }

  private async send(lane: JobLane, ends: readonly NewEnd[]): Promise<boolean[]> {
    const { keys } = this;
    const { failedMax, failedPerOwnerMax } = this.kept;
    const shared = [keys.activeOfLane(lane), keys.of('leases'), keys.of('untold'), keys.of('failed'), ...keys.large()];
    const keyNames = [...shared, ...ends.flatMap(({ to }) => this.keysOf(to))];
    const kept = [String(failedMax), String(failedPerOwnerMax), ...largeArgs(keys, this.kept)];
    const args = [keys.job(''), ...kept, ...ends.flatMap(argsOf)];
    const [answers, admitted] = (await runJobScript(this.link, END, keyNames, args)) as [number[], string[]];
    for (const jobId of admitted) this.onAdmitted(jobId);
    return answers.map((written) => written === 1);
  }

  private keysOf({ request, state }: Job): string[] {
    const { keys } = this;
    const own = [keys.job(state.jobId), keys.activeOfName(request.name)];
    if (request.key !== undefined) own.push(keys.key(request));
    if (request.perUserLimit !== undefined) own.push(keys.unfinished(request));
    if (state.state === 'failed') own.push(keys.failedOfHolder(request));
    if (request.concurrency !== undefined) own.push(keys.held(request.name));
    return own;
  }
}

function argsOf({ from, to }: NewEnd): string[] {
  const { request, state } = to;
  const own = [request.key, request.perUserLimit, request.concurrency].map((value) => (value === undefined ? '' : '1'));
  const times = [String(state.endedAt ?? 0), String(Math.max(1, keptMs(to)))];
  const job = encodeJob(to);
  const counted = [largeBytes(to, job), holderOf(request)];
  return [state.jobId, String(from.state.revision), String(state.revision), state.state, job, ...times, ...own, ...counted];
}

/** What the scripts need to know of large ended jobs. */
export function largeArgs(keys: JobKeys, { endedMaxBytes, endedPerOwnerMaxBytes }: KeptEnds): string[] {
  return [keys.largeOfHolders, String(endedMaxBytes), String(endedPerOwnerMaxBytes)];
}

/** The bytes of a job that has ended as it is kept, where they count by themselves; failed ones are kept by number. @param encoded all but its request */
export function largeBytes({ request, state }: Job, encoded: string): string {
  if (state.endedAt === undefined || state.state === 'failed') return '';
  const bytes = Buffer.byteLength(encoded) + Buffer.byteLength(JSON.stringify(request));
  return bytes > LARGE_BYTES ? String(bytes) : '';
}
