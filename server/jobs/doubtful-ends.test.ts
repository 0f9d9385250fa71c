import { expect, test } from '@jest/globals';
import type { RoomName } from '../../shared/rooms.js';
import { createMemoryRoomLog } from '../log/memory-room-log.js';
import { doubtfulEnds, tellUntold } from './doubtful-ends.js';
import { completeJob, type Job, newJob, startJob } from './job-machine.js';
import { requestOf } from './job-queue.contract.js';

const MINUTE_MS = 60_000;
const done = (jobId: string, endedAt: number): Job => completeJob(startJob(newJob(requestOf(), jobId, 1), 2), 'x', endedAt);

test('only ends from the last minutes of what was written are in doubt', () => {
  const old = done('old', 10 * MINUTE_MS);
  const recent = done('recent', 59 * MINUTE_MS);
  const running = startJob(newJob(requestOf(), 'running', 1), 60 * MINUTE_MS);
  expect(doubtfulEnds([old, recent, running])).toEqual([recent]);
  expect(doubtfulEnds([old])).toEqual([old]);
  expect(doubtfulEnds([])).toEqual([]);
});

test('an end is told where its room does not have it: it says less, or nothing', async () => {
  const log = createMemoryRoomLog({ idWindowMs: MINUTE_MS });
  const say = ({ state }: Job) => {
    const room: RoomName = `job:${state.jobId}`;
    const message = { room, id: `r${state.revision}`, type: 'job', from: { id: 'hub', name: 'hub' }, data: state };
    return log.append(message, { messages: 9, ttlMs: MINUTE_MS });
  };
  const [told, silent, cut] = [done('told', 10), done('silent', 10), done('cut', 10)];
  await say(told);
  await say(startJob(newJob(requestOf(), 'cut', 1), 2));
  const heard: string[] = [];
  await tellUntold([told, silent, cut], log, ({ state }) => heard.push(state.jobId));
  expect(heard).toEqual(['silent', 'cut']);
  await log.close();
});
