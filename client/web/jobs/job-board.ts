import type { JobDetails, JobState } from '../../../shared/protocol.js';
import type { Hub, Job } from '../../sdk/roomcast.js';
import type { HttpApi } from '../http-api.js';
import { createStore, type Store } from '../lib/store.js';
import { hasEnded, newerOf, withJob } from './job-list.js';

/** The user's own recent jobs, followed while they run. */
export interface JobBoard {
  /** The newest first. */
  readonly jobs: Store<readonly JobState[]>;
  /** Hands a job in; rejects with HubError when the hub does not take it. */
  submit(name: string, input: unknown): Promise<string>;
  cancel(jobId: string): Promise<void>;
  /** Runs a failed job again; rejects with HubError when the hub does not. */
  retry(jobId: string): Promise<void>;
  /** What a job was given and how its attempts went. */
  details(jobId: string): Promise<JobDetails>;
  /** Asks the hub for the list: jobs of other tabs and earlier visits, or those of them that failed. */
  refresh(state?: 'failed'): Promise<void>;
  close(): void;
}

/** Milliseconds between two looks at a job that runs again. */
const LOOK_MS = 1000;

/** Calls back again and again; gives the function that ends it. */
type Every = (ms: number, callback: () => void) => () => void;

export function createJobBoard(hub: Hub, http: HttpApi, every: Every = startInterval): JobBoard {
  const jobs = createStore<readonly JobState[]>([]);
  const followed = new Map<string, { leave(): void }>();
  const take = (state: JobState) => {
    jobs.set(withJob(jobs.get(), state));
    if (!hasEnded(state)) return;
    followed.get(state.jobId)?.leave();
    followed.delete(state.jobId);
  };
  const follow = (job: Job) => {
    followed.set(job.id, job);
    job.onState(take);
    if (job.state) take(job.state);
  };
  return {
    jobs,
    async submit(name, input) {
      const job = await hub.submit(name, input);
      follow(job);
      return job.id;
    },
    async cancel(jobId) {
      const { jobId: _, ...state } = await hub.request('job:cancel', { jobId });
      take({ jobId, ...state });
    },
    async retry(jobId) {
      take(await http.retryJob(jobId));
      if (followed.has(jobId)) return;
      // Looked at, not followed: the hub ends a subscription of a job's room with the end that it tells, here the failure of before.
      const look = () => hub.request('job:get', { jobId }).then((state) => take(newerOf(jobs.get(), state)));
      followed.set(jobId, { leave: every(LOOK_MS, () => void look().catch(() => {})) });
    },
    details: (jobId) => http.jobDetails(jobId),
    async refresh(only) {
      for (const state of await http.jobs(only)) {
        take(newerOf(jobs.get(), state));
        if (!hasEnded(state) && !followed.has(state.jobId)) follow(hub.job(state.jobId));
      }
    },
    close() {
      for (const job of followed.values()) job.leave();
      followed.clear();
    },
  };
}

function startInterval(ms: number, callback: () => void): () => void {
  const timer = setInterval(callback, ms);
  return () => clearInterval(timer);
}
