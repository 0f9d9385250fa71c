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

test('a failed job that is run again is followed to its end, whatever its room tells of before', async () => {
  let tell = (_: JobState) => {};
  let left = 0;
  const room = { on: (_: string, listener: typeof tell) => (tell = listener), leave: () => left++ };
  const hub = { room: () => room, job: () => room } as unknown as Hub;
  const http = { jobs: async () => [state(4, 'failed')], retryJob: async () => state(5, 'queued') } as unknown as HttpApi;
  const board = createJobBoard(hub, http);
  const shown = () => board.jobs.get()[0]!.state;
  await board.refresh();
  expect(shown()).toBe('failed');
  await board.retry('a');
  tell(state(4, 'failed'));
  expect([shown(), left]).toEqual(['queued', 0]);
  tell(state(6, 'active'));
  expect(shown()).toBe('active');
  tell(state(7, 'done'));
  expect([shown(), left]).toEqual(['done', 1]);
});
