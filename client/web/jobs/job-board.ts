import type { JobDetails, JobState } from '../../../shared/protocol.js';
import type { Hub, Job } from '../../sdk/roomcast.js';
import { createStore, type Store } from '../lib/store.js';
import { newerOf, withJob } from './job-list.js';

/** The user's own recent jobs, followed while they run, and those that failed: they may be run again elsewhere. */
export interface JobBoard {
  /** The newest first. */
  readonly jobs: Store<readonly JobState[]>;
  /** Hands a job in; rejects with HubError when the hub does not take it. */
  submit(name: string, input: unknown): Promise<string>;
  cancel(jobId: string): Promise<void>;
  /** Runs a failed job again; rejects with HubError when the hub does not. */
  retry(jobId: string): Promise<void>;
  /** Forgets a failed job; rejects with HubError when the hub does not. */
  discard(jobId: string): Promise<void>;
  /** What a job was given and how its attempts went. */
  details(jobId: string): Promise<JobDetails>;
  /** Asks the hub for the list: jobs of other tabs and earlier visits, or those of them that failed. */
  refresh(state?: 'failed'): Promise<void>;
  close(): void;
}

export function createJobBoard(hub: Hub): JobBoard {
  const jobs = createStore<readonly JobState[]>([]);
  const followed = new Map<string, Job>();
  const leave = (jobId: string) => {
    followed.get(jobId)?.leave();
    followed.delete(jobId);
  };
  const take = (state: JobState) => {
    jobs.set(withJob(jobs.get(), state));
    if (isFinal(state)) leave(state.jobId);
  };
  const follow = (job: Job) => {
    followed.set(job.id, job);
    job.onState(take);
    if (job.state) take(job.state);
    return job;
  };
  const handleOf = (jobId: string) => followed.get(jobId) ?? follow(hub.job(jobId));
  return {
    jobs,
    async submit(name, input) {
      return follow(await hub.submit(name, input)).id;
    },
    async cancel(jobId) {
      take(await handleOf(jobId).cancel());
    },
    async retry(jobId) {
      take(await handleOf(jobId).retry());
    },
    async discard(jobId) {
      await hub.request('job:discard', { jobId });
      leave(jobId);
      jobs.set(jobs.get().filter((job) => job.jobId !== jobId));
    },
    details: (jobId) => hub.request('job:details', { jobId }),
    async refresh(state) {
      for (const listed of await hub.jobs(state && { state })) {
        take(newerOf(jobs.get(), listed));
        if (!isFinal(listed)) handleOf(listed.jobId);
      }
    },
    close() {
      for (const jobId of [...followed.keys()]) leave(jobId);
    },
  };
}

/** It says no more, whatever is done with it. */
const isFinal = ({ state }: JobState): boolean => state === 'done' || state === 'cancelled';
