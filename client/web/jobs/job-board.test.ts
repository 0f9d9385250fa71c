import { expect, test } from '@jest/globals';
import type { JobState } from '../../../shared/protocol.js';
import type { Hub } from '../../sdk/roomcast.js';
import type { HttpApi } from '../http-api.js';
import { createJobBoard } from './job-board.js';

const state = (revision: number, what: JobState['state']): JobState => ({
  jobId: 'a',
  name: 'search',
  state: what,
  revision,
  createdAt: 1,
});

test('a failed job that is run again is looked at until its end, whatever is told of before', async () => {
  let now = state(4, 'failed');
  let look = () => {};
  let ended = 0;
  const hub = { request: async () => now } as unknown as Hub;
  const http = { jobs: async () => [now], retryJob: async () => state(5, 'queued') } as unknown as HttpApi;
  const board = createJobBoard(hub, http, (_, callback) => {
    look = callback;
    return () => ended++;
  });
  const seen = async (next: JobState) => {
    now = next;
    look();
    await new Promise(setImmediate);
    return board.jobs.get()[0]!.state;
  };
  await board.refresh();
  await board.retry('a');
  expect([await seen(state(4, 'failed')), ended]).toEqual(['queued', 0]);
  expect([await seen(state(6, 'active')), ended]).toEqual(['active', 0]);
  expect([await seen(state(7, 'failed')), ended]).toEqual(['failed', 1]);
});
