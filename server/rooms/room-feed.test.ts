import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatPosition } from '../../shared/position.js';
import type { RoomName } from '../../shared/rooms.js';
import { createMemoryRoomLog } from '../log/memory-room-log.js';
import type { LogEntry, LogFollower, RoomLog } from '../log/room-log.js';
import { Cursor } from './cursor.js';
import { FeedRegistry } from './feed-registry.js';
import { RoomFeed } from './room-feed.js';
import { findStart } from './subscribe.js';

const ROOM: RoomName = 'chat:x';
const KEEP = { messages: 0, ttlMs: 0 };
const MORE_THAN_A_PAGE = 1_300;

type Fault = 'none' | 'lose' | 'repeat' | 'swap';

/** A log whose followers hear badly; what is appended and read is untouched. */
function withFaults(log: RoomLog, nextFault: () => Fault): RoomLog {
  const spoil = (follower: LogFollower): LogFollower => {
    let late: LogEntry | undefined;
    return {
      doubt: () => follower.doubt(),
      entry: (entry) => {
        const fault = nextFault();
        if (fault === 'lose') return;
        if (fault === 'swap' && !late) {
          late = entry;
          return;
        }
        follower.entry(entry);
        if (fault === 'repeat') follower.entry(entry);
        if (late) follower.entry(late);
        late = undefined;
      },
    };
  };
  const { durability } = log;
  return {
    durability,
    append: (...args) => log.append(...args),
    read: (...args) => log.read(...args),
    ends: (...args) => log.ends(...args),
    rooms: (...args) => log.rooms(...args),
    close: () => log.close(),
    follow: (room, follower) => log.follow(room, spoil(follower)),
  };
}

function openFeeds(log: RoomLog) {
  const faults: unknown[] = [];
  const feeds = new FeedRegistry({
    log,
    lingerMs: 0,
    verifyMs: 0,
    recentEntries: 8,
    onRepair: () => undefined,
    onFault: (error) => faults.push(error),
  });
  return { feeds, faults };
}

async function append(log: RoomLog, from: number, count: number): Promise<void> {
  const messages = Array.from({ length: count }, (_, i) => ({
    room: ROOM,
    id: `m${from + i}`,
    type: 'text',
    from: { id: 'u', name: 'u' },
    data: from + i,
  }));
  await Promise.all(messages.map((message) => log.append(message, KEEP)));
}

/** A reader that writes down what it is given. `full` makes it refuse after each batch. */
async function read(feeds: FeedRegistry, request: { since?: string; last?: number }, full = false) {
  const lease = await feeds.acquire(ROOM);
  const start = await findStart(lease.feed, feeds.reads, { room: ROOM, ...request });
  const seqs = start.entries.map((entry) => entry.seq);
  const gaps: number[] = [];
  const cursor = new Cursor(
    lease.feed,
    feeds.reads,
    {
      entries: (batch) => {
        seqs.push(...batch.map((entry) => entry.seq));
        if (full) setImmediate(() => cursor.resume());
        return !full;
      },
      gap: ({ seq }) => gaps.push(seq),
    },
    start.at,
  );
  cursor.resume();
  return { seqs, gaps, start, cursor, lease };
}

/** Nothing more can come once the feed stands at the log's end and the reader has that entry. */
async function settled(log: RoomLog, reader: Awaited<ReturnType<typeof read>>): Promise<void> {
  const { last } = await log.ends(ROOM);
  while (reader.lease.feed.last < last || (reader.cursor.position.seq < last && reader.gaps.length === 0)) {
    await reader.lease.feed.catchUp();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test('readers get every entry once and in order from a log whose followers lose, repeat and swap', async () => {
  const faults = fc.array(fc.constantFrom<Fault>('none', 'none', 'lose', 'repeat', 'swap'), { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(
      faults,
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 }),
      fc.nat(60),
      async (spoiled, bursts, joinAt) => {
        let turn = 0;
        const log = withFaults(createMemoryRoomLog(), () => spoiled[turn++ % spoiled.length] ?? 'none');
        const { feeds } = openFeeds(log);
        const early = await read(feeds, {});
        const { epoch } = await log.ends(ROOM);
        let total = 0;
        let late: Awaited<ReturnType<typeof read>> | undefined;
        for (const burst of bursts) {
          await append(log, total + 1, burst);
          total += burst;
          if (!late && total >= joinAt) late = await read(feeds, { since: formatPosition(epoch, Math.floor(total / 2)) }, true);
        }
        await settled(log, early);
        expect(early.seqs).toEqual(range(1, total));
        if (late) {
          await settled(log, late);
          expect(late.start.recovered).toBe(true);
          expect(late.seqs).toEqual(range(late.seqs[0] ?? total + 1, total));
        }
        feeds.close();
        await log.close();
      },
    ),
    { numRuns: 60 },
  );
});

test('a reader that was away for more than a page gets all of it, beginning in the answer', async () => {
  const log = createMemoryRoomLog();
  const { feeds } = openFeeds(log);
  await append(log, 1, MORE_THAN_A_PAGE);
  const { epoch } = await log.ends(ROOM);
  const reader = await read(feeds, { since: formatPosition(epoch, 1) });
  expect(reader.start.recovered).toBe(true);
  expect(reader.start.entries.length).toBeLessThan(MORE_THAN_A_PAGE - 1);
  await settled(log, reader);
  expect(reader.seqs).toEqual(range(2, MORE_THAN_A_PAGE));
  feeds.close();
});

test('a reader whose position is of another epoch is told so and gets the newest', async () => {
  const log = createMemoryRoomLog();
  const { feeds } = openFeeds(log);
  await append(log, 1, 5);
  const reader = await read(feeds, { since: 'elsewhere:3', last: 2 });
  expect(reader.start.recovered).toBe(false);
  expect(reader.seqs).toEqual([4, 5]);
  feeds.close();
});

test('a position beyond the end of the log is not recovered', async () => {
  const log = createMemoryRoomLog();
  const { feeds } = openFeeds(log);
  await append(log, 1, 3);
  const { epoch } = await log.ends(ROOM);
  const reader = await read(feeds, { since: formatPosition(epoch, 9) });
  expect(reader.start.recovered).toBe(false);
  feeds.close();
});

test('a reader that is paused past the retention is told of the gap and goes on with what there is', async () => {
  const log = createMemoryRoomLog();
  const { feeds } = openFeeds(log);
  await append(log, 1, 3);
  const { epoch } = await log.ends(ROOM);
  const reader = await read(feeds, { since: formatPosition(epoch, 1) });
  reader.cursor.pause();
  const messages = Array.from({ length: 2_000 }, (_, i) => ({
    room: ROOM,
    id: `n${i}`,
    type: 'text',
    from: { id: 'u', name: 'u' },
    data: i,
  }));
  await Promise.all(messages.map((message) => log.append(message, { messages: 100, ttlMs: 0 })));
  reader.cursor.resume();
  await settled(log, reader);
  const { first, last } = await log.ends(ROOM);
  await new Promise((resolve) => setImmediate(resolve));
  expect(reader.gaps).toHaveLength(1);
  expect(reader.seqs.slice(-(last - first + 1))).toEqual(range(first, last));
  feeds.close();
});

test('whoever asks a feed to catch up waits for a read that began after that, in whatever step of an earlier run it asks', async () => {
  let reads = 0;
  const read = async () => {
    reads++;
    return { epoch: 'e', first: 1, last: 0, entries: [] };
  };
  for (let steps = 0; steps < 12; steps++) {
    const feed = new RoomFeed({ room: ROOM, read, recentEntries: 8, onRepair: () => undefined, onFault: () => undefined });
    feed.stand({ epoch: 'e', last: 0 });
    const earlier = feed.catchUp();
    for (let step = 0; step < steps; step++) await null;
    const before = reads;
    await feed.catchUp();
    expect({ steps, isRead: reads > before }).toEqual({ steps, isRead: true });
    await earlier;
  }
});
