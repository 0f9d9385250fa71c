import { expect, test } from '@jest/globals';
import type { JobState } from '../../../shared/protocol.js';
import type { Hub } from '../../sdk/roomcast.js';
import { createJobBoard } from './job-board.js';

const state = (jobId: string, revision: number, what: JobState['state']): JobState => ({
  jobId,
  name: 'search',
  state: what,
  revision,
  createdAt: 1,
});

/** A hub that lists these jobs; `tell` is what their rooms say. */
function hubWith(listed: readonly JobState[]) {
  const listeners = new Map<string, (state: JobState) => void>();
  const left: string[] = [];
  const asked: unknown[] = [];
  const job = (id: string) => ({
    id,
    onState: (listener: (state: JobState) => void) => listeners.set(id, listener),
    retry: async () => state(id, 5, 'queued'),
    leave: () => left.push(id),
  });
  const request = async (event: string, payload: unknown) => asked.push([event, payload]);
  const hub = { jobs: async () => listed, job, request } as unknown as Hub;
  const tell = (next: JobState) => listeners.get(next.jobId)?.(next);
  return { hub, tell, left, asked, followed: () => [...listeners.keys()] };
}

test('jobs that run or failed are followed, and left when they say no more', async () => {
  const listed = [state('a', 4, 'failed'), state('b', 4, 'active'), state('c', 4, 'done')];
  const { hub, tell, left, followed } = hubWith(listed);
  const board = createJobBoard(hub);
  await board.refresh();
  expect(followed().sort()).toEqual(['a', 'b']);
  const stateOf = (jobId: string) => board.jobs.get().find((job) => job.jobId === jobId)?.state;
  await board.retry('a');
  tell(state('a', 4, 'failed'));
  expect([stateOf('a'), left]).toEqual(['queued', []]);
  tell(state('a', 6, 'failed'));
  tell(state('b', 5, 'done'));
  expect([stateOf('a'), stateOf('b'), left]).toEqual(['failed', 'done', ['b']]);
  tell(state('a', 7, 'queued'));
  expect(stateOf('a')).toBe('queued');
  board.close();
  expect(left).toEqual(['b', 'a']);
});

test('a discarded job is left, and is on the list no more', async () => {
  const { hub, left, asked } = hubWith([state('a', 4, 'failed'), state('b', 4, 'failed')]);
  const board = createJobBoard(hub);
  await board.refresh('failed');
  await board.discard('a');
  expect(asked).toEqual([['job:discard', { jobId: 'a' }]]);
  expect([left, board.jobs.get().map(({ jobId }) => jobId)]).toEqual([['a'], ['b']]);
});
