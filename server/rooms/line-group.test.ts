import { afterEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parsePosition } from '../../shared/position.js';
import type { LineBatch } from '../../shared/protocol.js';
import type { LineFilter } from '../../shared/schemas.js';
import { ManualClock } from '../../test/support/manual-clock.js';
import { waitFor } from '../../test/support/wait.js';
import { createMemoryRoomLog } from '../log/memory-room-log.js';
import type { RoomLog } from '../log/room-log.js';
import { Cursor } from './cursor.js';
import { BATCH_MS, type LineGroup, NEWEST_LINES, PROGRESS_MS } from './line-group.js';
import { FILTERS_PER_ROOM, LineGroups, type LineGroupsOptions } from './line-groups.js';
import { LineReader } from './line-reader.js';
import { findLineStart } from './line-start.js';
import { LogReads } from './log-reads.js';
import { RoomFeed, repairRange } from './room-feed.js';

const ROOM = 'logs:x';
const logs: RoomLog[] = [];
afterEach(async () => {
  for (const log of logs.splice(0)) await log.close();
});

/** A log room with its feed, and readers of it through filters. */
async function room({ filtersPerHolder }: Pick<LineGroupsOptions, 'filtersPerHolder'> = {}) {
  const log = createMemoryRoomLog();
  logs.push(log);
  const read = (after: number) => log.read(ROOM, repairRange(after));
  const feed = new RoomFeed({ room: ROOM, read, recentEntries: 8, onRepair: () => {}, onFault: () => {} });
  await log.follow(ROOM, feed);
  feed.stand(await log.ends(ROOM));
  const clock = new ManualClock();
  const toSockets: LineBatch[] = [];
  const socketsOf = () => ({ lines: (batch: LineBatch) => void toSockets.push(batch), gap: () => {} });
  const groups = new LineGroups({ clock, socketsOf, ...(filtersPerHolder && { filtersPerHolder }) });
  const reads = new LogReads(log);
  let published = 0;
  const publish = async (...levels: ('error' | 'info')[]) => {
    const lines = levels.map((level) => ({ text: `${++published}`, level }));
    const message = { room: ROOM, id: crypto.randomUUID(), type: 'lines', from: { id: 'u', name: 'u' }, data: { lines } } as const;
    await log.append(message, { messages: 0, ttlMs: 0 });
  };
  const open = async (filter: LineFilter = { level: 'error' }, ask: { since?: string; last?: number; skip?: boolean } = {}) => {
    const { group } = groups.acquire(feed, filter, 'user a');
    const start = await findLineStart(feed, reads, group, { room: ROOM, ...ask });
    return new Viewer(group, new LogReads(log), feed, start, ask.skip ?? false);
  };
  return { log, feed, clock, groups, reads, toSockets, publish, open, published: () => published };
}

/** Takes batches for as long as it is let, and holds each to the one before. */
class Viewer {
  readonly batches: LineBatch[] = [];
  readonly cursor: Cursor;
  readonly #reader: LineReader;
  takes = Number.POSITIVE_INFINITY;
  readonly lines: string[];
  skipped = 0;
  position: string;

  constructor(
    group: LineGroup,
    reads: LogReads,
    feed: RoomFeed,
    start: Awaited<ReturnType<typeof findLineStart>>,
    readonly skips: boolean,
  ) {
    this.lines = start.lines!.map(({ text }) => text);
    this.position = `${start.at.epoch}:${start.at.seq}`;
    const gap = () => {
      throw new Error('a gap that nobody made');
    };
    const hear = (batch: LineBatch) => {
      this.#hear(batch);
      if (--this.takes <= 0) this.cursor.pause();
    };
    const lines = (batch: LineBatch) => {
      this.#hear(batch);
      return --this.takes > 0;
    };
    this.#reader = new LineReader(group, { lines, gap, join: () => group.join({ lines: hear, gap }) }, start.at);
    this.cursor = new Cursor(feed, reads, this.#reader, start.at);
    this.goOn();
  }

  goOn(takes = Number.POSITIVE_INFINITY): void {
    this.takes = takes;
    if (this.skips) this.#reader.skip(this.cursor);
    this.cursor.resume();
  }

  #hear(batch: LineBatch): void {
    expect(parsePosition(batch.after).seq).toBeLessThanOrEqual(parsePosition(this.position).seq);
    expect(parsePosition(batch.position).seq).toBeGreaterThanOrEqual(parsePosition(this.position).seq);
    this.position = batch.position;
    this.skipped += batch.skipped ?? 0;
    this.batches.push(batch);
    this.lines.push(...batch.lines.map(({ text }) => text));
  }
}

const live = (...viewers: Viewer[]) => waitFor(() => viewers.every(({ cursor }) => cursor.isLive));

test('[P101] readers of one filter share each batch: one look at an entry, one event for all', async () => {
  const { open, publish, clock, groups, feed, toSockets } = await room();
  const viewers = [await open(), await open(), await open({ level: 'info' })];
  await live(...viewers);
  expect(groups.acquire(feed, { level: 'error' }, 'user a').name).toBe(groups.acquire(feed, { level: 'error' }, 'user a').name);
  await publish('error', 'info');
  await publish('error');
  await clock.advance(BATCH_MS);
  expect(viewers.map(({ lines }) => lines)).toEqual([
    ['1', '3'],
    ['1', '3'],
    ['1', '2', '3'],
  ]);
  expect(viewers[0]!.batches[0]).toBe(viewers[1]!.batches[0]);
  expect(toSockets).toHaveLength(new Set(viewers.flatMap(({ batches }) => batches)).size);
});

test('[P101] the first lines after a pause come with their turn; under load there is one batch per interval, up to its last message', async () => {
  const { open, publish, clock } = await room();
  const viewer = await open();
  await live(viewer);
  await publish('error');
  expect(viewer.lines).toEqual(['1']);
  for (let n = 0; n < 5; n++) await publish('error', 'error');
  expect(viewer.batches).toHaveLength(1);
  await clock.advance(BATCH_MS);
  expect(viewer.batches).toHaveLength(2);
  expect(viewer.lines).toHaveLength(11);
  expect([viewer.batches[1]?.after, viewer.batches[1]?.position].map((at) => parsePosition(at!).seq)).toEqual([1, 6]);
});

test('[P101] a reader whose filter passes nothing is told now and then how far the room is', async () => {
  const { open, publish, clock } = await room();
  const viewer = await open();
  await live(viewer);
  for (let n = 0; n < 20; n++) await publish('info');
  expect(viewer.batches).toEqual([]);
  await clock.advance(PROGRESS_MS);
  expect(viewer.batches).toMatchObject([{ lines: [] }]);
  expect(parsePosition(viewer.position).seq).toBe(20);
});

test('[P102] since continues exactly; last gives the newest lines that pass, however far back they are', async () => {
  const { open, publish, clock, feed } = await room();
  const first = await open();
  await live(first);
  await publish('error');
  for (let n = 0; n < 30; n++) await publish('info', 'info');
  await publish('error');
  await clock.advance(BATCH_MS);
  const again = await open({ level: 'error' }, { since: `${feed.epoch}:1` });
  expect(again.lines).toEqual(['62']);
  expect(parsePosition(again.position).seq).toBe(32);
  const newcomer = await open({ level: 'error' }, { last: 2 });
  expect(newcomer.lines).toEqual(['1', '62']);
  expect((await open({ level: 'error' }, { since: 'elsewhere:1', last: 1 })).lines).toEqual(['62']);
});

test('[P103] who skips is told how many lines it did not see, and gets the newest of them', async () => {
  const { open, publish, clock } = await room();
  const viewer = await open({ level: 'error' }, { skip: true });
  await live(viewer);
  viewer.takes = 1;
  await publish('error');
  for (let n = 0; n < NEWEST_LINES + 50; n++) await publish('error', 'info');
  await clock.advance(PROGRESS_MS);
  viewer.goOn();
  expect(viewer.cursor.isLive).toBe(true);
  expect(viewer.skipped).toBe(50);
  expect(viewer.lines).toHaveLength(1 + NEWEST_LINES);
  expect(viewer.lines.at(-1)).toBe(`${2 * (NEWEST_LINES + 50)}`);
});

test('a group ends with its last reader, and too many filters of one room are refused', async () => {
  const { groups, feed, publish, toSockets } = await room();
  const leases = Array.from({ length: FILTERS_PER_ROOM }, (_, n) => groups.acquire(feed, { text: `${n}` }, 'user a'));
  const same = groups.acquire(feed, { text: '1' }, 'user b');
  expect(() => groups.acquire(feed, { text: 'one more' }, 'user b')).toThrow(expect.objectContaining({ code: 'busy' }));
  same.release();
  same.release();
  await publish('error');
  expect(toSockets).toHaveLength(1);
  for (const { release } of leases) release();
  await publish('error');
  expect(toSockets).toHaveLength(1);
  groups.acquire(feed, { text: 'one more' }, 'user b').release();
});

test('[P140] of the filters of a room, one holder has its share, and gives it back with its last reader', async () => {
  const { groups, feed } = await room({ filtersPerHolder: 1 });
  const [first, second] = [1, 2].map(() => groups.acquire(feed, { text: '1' }, 'user a'));
  const tooMany = expect.objectContaining({ code: 'too_many_views' });
  first!.release();
  first!.release();
  expect(() => groups.acquire(feed, { text: '2' }, 'user a')).toThrow(tooMany);
  groups.acquire(feed, { text: '2' }, 'user b');
  second!.release();
  groups.acquire(feed, { text: '2' }, 'user a');
});

test('a filter that cannot be takes no place', async () => {
  const { groups, feed } = await room({ filtersPerHolder: 1 });
  expect(() => groups.acquire(feed, { text: '*'.repeat(9) }, 'user a')).toThrow(expect.objectContaining({ code: 'invalid' }));
  groups.acquire(feed, { text: '1' }, 'user a');
});

const step = fc.oneof(
  fc.record({ do: fc.constant('publish' as const), lines: fc.array(fc.constantFrom('error' as const, 'info' as const), { maxLength: 4 }) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, BATCH_MS, PROGRESS_MS) }),
  fc.record({ do: fc.constant('join' as const), skip: fc.boolean(), takes: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ do: fc.constant('goOn' as const), who: fc.nat(), takes: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ do: fc.constant('return' as const), who: fc.nat() }),
);

test('[P101] [P102] [P103] whatever readers do, each line that passes was given once and in order, or was told as skipped', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 50 }), async (steps) => {
      const { open, publish, clock, published, log, reads } = await room();
      const viewers = [await open({ level: 'error' }, {})];
      const joinedAt = [0];
      for (const act of steps) {
        const who = 'who' in act ? viewers[act.who % viewers.length]! : viewers[0]!;
        if (act.do === 'publish') await publish(...act.lines);
        else if (act.do === 'wait') await clock.advance(act.ms);
        else if (act.do === 'goOn') who.goOn(act.takes);
        else if (act.do === 'join') {
          joinedAt.push(published());
          viewers.push(await open({ level: 'error' }, { skip: act.skip }));
          viewers.at(-1)!.takes = act.takes;
        } else {
          // A new reader from where one stands, as after a lost connection.
          const { position } = who;
          joinedAt.push(await publishedUpTo(position));
          viewers.push(await open({ level: 'error' }, { since: position }));
        }
      }
      for (const viewer of viewers) viewer.goOn();
      await live(...viewers);
      await clock.advance(PROGRESS_MS);
      const { entries } = await log.read(ROOM, { limit: 500, from: 'oldest' });
      const errors = entries.flatMap(({ message }) => (message.data as { lines: { text: string; level: string }[] }).lines);
      const all = errors.filter(({ level }) => level === 'error').map(({ text }) => Number(text));
      viewers.forEach(({ lines, skipped, skips }, i) => {
        const due = all.filter((n) => n > joinedAt[i]!);
        const got = lines.map(Number);
        expect(got).toEqual([...new Set(got)].sort((a, b) => a - b));
        expect(due).toEqual(expect.arrayContaining(got));
        expect(got.length + skipped).toBe(due.length);
        if (!skips) expect(got).toEqual(due);
      });

      async function publishedUpTo(position: string): Promise<number> {
        const { seq } = parsePosition(position);
        const page = await reads.read(ROOM, { before: seq + 1, limit: 500, from: 'newest' });
        return page.entries.reduce((sum, { message }) => sum + (message.data as { lines: unknown[] }).lines.length, 0);
      }
    }),
    { numRuns: 150 },
  );
});
