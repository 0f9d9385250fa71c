import { expect, test } from '@jest/globals';
import { HubError } from '../../shared/errors.js';
import type { JobState } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import { waitFor } from '../../test/support/wait.js';
import type { SystemPublisher } from '../rooms/publisher.js';
import type { JobRecord } from './job-queue.js';
import { publishJobStates } from './job-reports.js';

const active: JobState = { jobId: 'a', name: 'n', state: 'active', revision: 2, createdAt: 1 };
const done: JobState = { ...active, state: 'done', revision: 3, endedAt: 5 };

/** Reports on a queue whose listeners the test calls; `publish` says what becomes of the publication of an id. */
function reporting(publish: (id: string) => Promise<unknown>) {
  const [told, ended, published, rooms]: [string[], JobState[], string[], string[]] = [[], [], [], []];
  const listeners: Record<'change' | 'untold', (record: JobRecord) => void> = { change() {}, untold() {} };
  const queue = {
    onChange(listener: (record: JobRecord) => void) {
      listeners.change = listener;
    },
    onUntold(listener: (record: JobRecord) => void) {
      listeners.untold = listener;
    },
    told: (jobId: string) => told.push(jobId),
  };
  const publisher = {
    async publish(room: string, _type: string, _data: unknown, { id }: { id: string }) {
      await publish(id);
      published.push(id);
      rooms.push(room);
      return { id, position: `e:${published.length}`, time: 0 };
    },
  } as unknown as SystemPublisher;
  const logger = { info() {}, warn() {}, error() {} };
  publishJobStates({ queue, publisher, logger, onEnd: (state) => ended.push(state) });
  const say = (what: keyof typeof listeners, state: JobState, more: Partial<JobRecord> = {}) =>
    listeners[what]({ state, owner: 'o', ...more });
  return { say, told, ended, published, rooms };
}

test('an end counts as told once it is in the room, and no other state does', async () => {
  let away = true;
  const { say, told, published } = reporting(async () => {
    if (away) throw new HubError('unavailable');
  });
  say('change', active);
  say('change', done);
  expect(told).toEqual([]);
  away = false;
  await waitFor(() => told.length > 0, { what: 'the end to be told' });
  expect([published, told]).toEqual([['a.r2', 'a.r3'], ['a']]);
});

test('[P62] an end leaves out what was over before it was told, but no failed attempt, and nothing once something was told', async () => {
  const { say, told, published } = reporting(async () => {});
  const [queued, again]: JobState[] = [
    { ...active, state: 'queued', revision: 1 },
    { ...active, state: 'queued', revision: 3, error: { code: 'internal', message: 'x' } },
  ];
  for (const state of [queued, active, done]) say('change', state!);
  for (const state of [queued, active, again, { ...active, revision: 4 }, { ...done, revision: 5 }])
    say('change', { ...state!, jobId: 'b' });
  for (const state of [queued, active]) say('change', { ...state!, jobId: 'c' });
  await waitFor(() => published.includes('c.r2'), { what: 'the start to be told' });
  say('change', { ...done, jobId: 'c' });
  for (const state of [active, done]) say('change', { ...state, jobId: 'd' });
  await waitFor(() => told.length === 4, { what: 'the ends to be told' });
  expect(published).toEqual(['a.r3', 'b.r1', 'b.r2', 'b.r3', 'b.r4', 'b.r5', 'c.r1', 'c.r2', 'c.r3', 'd.r2', 'd.r3']);
});

test('a discarded job is told in its own room alone: the room that it reaches has heard of its end', async () => {
  const { say, told, rooms } = reporting(async () => {});
  const reaches = 'chat:x' as RoomName;
  say('untold', { ...done, state: 'cancelled' }, { reaches, discarded: true });
  await waitFor(() => told.length > 0, { what: 'the discarded job to be told' });
  expect(rooms).toEqual(['job:a']);
  say('untold', { ...done, jobId: 'b' }, { reaches });
  await waitFor(() => told.length > 1, { what: 'the end to be told' });
  expect(new Set(rooms)).toEqual(new Set(['job:a', reaches, 'job:b']));
});

test('an end that another process left untold is told under the same id, and counted where it ended', async () => {
  const { say, told, ended, published } = reporting(async () => {});
  say('untold', done);
  await waitFor(() => told.length > 0, { what: 'the end to be told' });
  expect([published, ended]).toEqual([['a.r3'], []]);
});

test('an end that is refused for good is not left to others', async () => {
  const { say, told, published } = reporting(async () => {
    throw new HubError('too_large');
  });
  say('change', done);
  await waitFor(() => told.length > 0, { what: 'the end to be given up' });
  expect(published).toEqual([]);
});
