import type { JobState } from '../../../shared/protocol.js';
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
  /** Asks the hub for the list: jobs of other tabs and earlier visits. */
  refresh(): Promise<void>;
  close(): void;
}

export function createJobBoard(hub: Hub, http: HttpApi): JobBoard {
  const jobs = createStore<readonly JobState[]>([]);
  const followed = new Map<string, Job>();
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
    async refresh() {
      for (const state of await http.jobs()) {
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
