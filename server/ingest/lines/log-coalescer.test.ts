import { expect, test } from '@jest/globals';
import { type ErrorCode, HubError } from '../../../shared/errors.js';
import type { PublishAnswer } from '../../../shared/protocol.js';
import { KINDS, parseRoom } from '../../../shared/rooms.js';
import type { LogLine } from '../../../shared/schemas.js';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { RoomOutbox } from '../room-outbox.js';
import { LogCoalescer, type LogCoalescerOptions } from './log-coalescer.js';

const ROOM = parseRoom('logs:a', KINDS);
const linesOf = (count: number, text = 'line'): LogLine[] => [...Array(count).keys()].map((i) => ({ text: `${text} ${i}` }));

function coalescer(options: Partial<LogCoalescerOptions> = {}) {
  const clock = new ManualClock();
  const messages: string[][] = [];
  const ids: string[] = [];
  const store: { fails?: ErrorCode | undefined } = {};
  const publish = async (_room: string, type: string, data: unknown, { id = '' } = {}): Promise<PublishAnswer> => {
    if (store.fails) throw new HubError(store.fails);
    ids.push(id);
    expect(type).toBe('lines');
    messages.push((data as { lines: LogLine[] }).lines.map(({ text }) => text));
    return { id: '', position: 'e:1', time: 0 };
  };
  const outbox = new RoomOutbox({ publisher: { publish }, clock, retryForMs: 10_000, bytesPerRoom: 100_000 });
  return { clock, messages, ids, store, lines: new LogCoalescer({ outbox, clock, ...options }) };
}

test('lines of a moment are one message, in their order, acknowledged when it is stored', async () => {
  const { clock, lines, messages } = coalescer();
  const added = Promise.all([lines.add(ROOM, [{ text: 'a' }]), lines.add(ROOM, [{ text: 'b' }, { text: 'c' }])]);
  await clock.advance(99);
  expect(messages).toEqual([]);
  await clock.advance(1);
  await added;
  expect(messages).toEqual([['a', 'b', 'c']]);
  expect(clock.armed).toBe(0);
});

test('a batch that is full goes out at once', async () => {
  const { clock, lines, messages } = coalescer();
  const added = lines.add(ROOM, linesOf(2_400));
  await clock.advance(0);
  expect(messages.map((message) => message.length)).toEqual([1_000, 1_000]);
  await clock.advance(100);
  await added;
  expect(messages.flat()).toEqual(linesOf(2_400).map(({ text }) => text));
  const large = lines.add(ROOM, linesOf(10, 'x'.repeat(50_000)));
  await clock.advance(100);
  await large;
  expect(messages.slice(3).map((message) => message.length)).toEqual([3, 3, 3, 1]);
});

test('a store that stays away is told to whoever added the lines; past the bound it is busy at once', async () => {
  const { clock, lines, store, messages } = coalescer();
  store.fails = 'unavailable';
  const failed = lines.add(ROOM, linesOf(3)).catch((error) => error.code);
  const large = lines.add(ROOM, linesOf(10, 'x'.repeat(20_000))).catch((error) => error.code);
  await clock.advance(200);
  await expect(lines.add(ROOM, linesOf(1))).rejects.toMatchObject({ code: 'busy' });
  await clock.advance(20_000);
  expect([await failed, await large]).toEqual(['unavailable', 'unavailable']);
  store.fails = undefined;
  const again = lines.add(ROOM, [{ text: 'back' }]);
  await clock.advance(100);
  await again;
  expect(messages).toEqual([['back']]);
});

test('a short absence of the store is not seen by who adds lines', async () => {
  const { clock, lines, store, messages } = coalescer();
  store.fails = 'unavailable';
  const added = lines.add(ROOM, linesOf(3));
  await clock.advance(3_000);
  store.fails = undefined;
  await clock.advance(3_000);
  await added;
  expect(messages).toHaveLength(1);
});

test('flush publishes what waits', async () => {
  const { lines, messages } = coalescer();
  const added = lines.add(ROOM, linesOf(2));
  await lines.flush();
  await added;
  expect(messages).toHaveLength(1);
});

test('lines with an id are a message of their own, of that id, behind what was added before', async () => {
  const { lines, messages, ids } = coalescer();
  const added = lines.add(ROOM, linesOf(2));
  await lines.add(ROOM, [{ text: 'once' }], 'the-id');
  await lines.add(ROOM, [], 'of-nothing');
  await added;
  expect(messages).toEqual([['line 0', 'line 1'], ['once']]);
  expect(ids).toEqual([expect.any(String), 'the-id']);
});
