import type { JobState } from '../../../shared/protocol.js';
import { duration } from '../lib/format.js';

/** Jobs shown at most. */
export const SHOWN_JOBS = 50;

export function hasEnded({ state }: Pick<JobState, 'state'>): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

/** The list with a job's state in it, unless it has a newer one: answers and events overtake each other. Newest job first. */
export function withJob(jobs: readonly JobState[], state: JobState): readonly JobState[] {
  const known = jobs.find(({ jobId }) => jobId === state.jobId);
  if (known && known.revision >= state.revision) return jobs;
  const others = jobs.filter(({ jobId }) => jobId !== state.jobId);
  return [...others, state].sort((a, b) => b.createdAt - a.createdAt || (a.jobId < b.jobId ? 1 : -1)).slice(0, SHOWN_JOBS);
}

/** What is known of a job: the listed state, or the given one where that is newer. */
export function newerOf(jobs: readonly JobState[], state: JobState): JobState {
  const known = jobs.find(({ jobId }) => jobId === state.jobId);
  return known && known.revision > state.revision ? known : state;
}

/** 0 to 1: a job that has not said how far it is has done nothing. */
export function progressOf({ state, progress }: JobState): number {
  if (state === 'done') return 1;
  return Math.min(1, Math.max(0, progress?.done ?? 0));
}

/** How long a job waited for a worker and how long it ran, as far as it has come; of a job that runs again, its last attempt. */
export function durationsOf({ state, createdAt, startedAt, endedAt }: JobState): string {
  if (state === 'queued' || startedAt === undefined) return '';
  const waited = `waited ${duration(Math.max(0, startedAt - createdAt))}`;
  return endedAt === undefined ? waited : `${waited}, ran ${duration(Math.max(0, endedAt - startedAt))}`;
}

/** What a job says of itself in one line. */
export function statusLine(job: JobState): string {
  const { state, place, startedAt, endedAt, createdAt, progress, error } = job;
  if (state === 'queued') return place === undefined || place < 2 ? 'Waiting for a free worker' : `Waiting, number ${place} in line`;
  if (state === 'active') return progress?.note ?? 'Running';
  const took = endedAt === undefined ? '' : ` after ${duration(Math.max(0, endedAt - (startedAt ?? createdAt)))}`;
  if (state === 'done') return `Done${took}`;
  if (state === 'cancelled') return `Cancelled${took}`;
  return `Failed${took}: ${error?.message ?? 'no reason was given'}`;
}
