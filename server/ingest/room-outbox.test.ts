import { expect, test } from '@jest/globals';
import { type ErrorCode, HubError } from '../../shared/errors.js';
import type { PublishAnswer } from '../../shared/protocol.js';
import { ManualClock } from '../../test/support/manual-clock.js';
import { RoomOutbox, type RoomOutboxOptions } from './room-outbox.js';

/** A publisher whose store can go away, and takes every id once. */
function store() {
  const stored = new Map<string, unknown>();
  const state: { fails: ErrorCode | undefined; tries: number; swallow: boolean } = { fails: undefined, tries: 0, swallow: false };
  const publish = async (_room: string, _type: string, data: unknown, options?: { id?: string }): Promise<PublishAnswer> => {
    state.tries++;
    const id = options?.id ?? '';
    if (state.swallow || !state.fails) if (!stored.has(id)) stored.set(id, data);
    if (state.fails) throw new HubError(state.fails);
    return { id, position: 'e:1', time: 0 };
  };
  return { state, stored: () => [...stored.values()], publisher: { publish } };
}

function outboxOn(options: Partial<RoomOutboxOptions> = {}) {
  const clock = new ManualClock();
  const { publisher, state, stored } = store();
  return { clock, state, stored, outbox: new RoomOutbox({ publisher, clock, retryForMs: 10_000, ...options }) };
}

test('what was pushed while the store was away is stored in order when it is back, once', async () => {
  const { outbox, state, stored, clock } = outboxOn();
  state.fails = 'unavailable';
  state.swallow = true;
  const all = Promise.all([1, 2, 3].map((data) => outbox.push('logs:a', 'lines', data, 10)));
  await clock.advance(3_000);
  expect(state.tries).toBeGreaterThan(2);
  state.fails = undefined;
  await clock.advance(2_000);
  await all;
  expect(stored()).toEqual([1, 2, 3]);
  expect(clock.armed).toBe(0);
  await outbox.idle();
});

test('a message that the store never takes is given up in time, with the reason', async () => {
  const { outbox, state, clock } = outboxOn();
  state.fails = 'unavailable';
  const given = [outbox.push('logs:a', 'lines', 1, 10), outbox.push('logs:a', 'lines', 2, 10)].map((pushed) =>
    pushed.catch((error) => error.code),
  );
  await clock.advance(10_001);
  expect(await Promise.all(given)).toEqual(['unavailable', 'unavailable']);
  expect(outbox.full('logs:a')).toBe(false);
});

test('a refusal that no repetition mends comes at once', async () => {
  const { outbox, state } = outboxOn();
  state.fails = 'too_large';
  await expect(outbox.push('logs:a', 'lines', 1, 10)).rejects.toMatchObject({ code: 'too_large' });
  expect(state.tries).toBe(1);
});

test('it is full by room and as a whole, and empties again', async () => {
  const { outbox, state, clock } = outboxOn({ bytesPerRoom: 100, bytesTotal: 150 });
  state.fails = 'unavailable';
  const pushed = [outbox.push('logs:a', 'lines', 1, 100)];
  expect([outbox.full('logs:a'), outbox.full('logs:b')]).toEqual([true, false]);
  pushed.push(outbox.push('logs:b', 'lines', 1, 50));
  expect(outbox.full('logs:c')).toBe(true);
  state.fails = undefined;
  await clock.advance(2_000);
  await Promise.all(pushed);
  expect([outbox.full('logs:a'), outbox.full('logs:c')]).toEqual([false, false]);
});

test('at the end it waits for the store no longer than it may', async () => {
  const { outbox, state, clock } = outboxOn();
  state.fails = 'unavailable';
  const pushed = outbox.push('logs:a', 'lines', 1, 10).catch((error) => error.code);
  const drained = outbox.drain(1_000);
  await clock.advance(2_000);
  await drained;
  expect([await pushed, clock.armed]).toEqual(['unavailable', 0]);
});
