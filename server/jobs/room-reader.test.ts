import { expect, test } from '@jest/globals';
import { createMemoryRoomLog } from '../log/memory-room-log.js';
import type { LogEntry } from '../log/room-log.js';
import { createRoomReader, type LogSource, type ReadRange } from './room-reader.js';

const ROOM = 'chat:x';

async function filled(count: number, { messages = 0 } = {}) {
  const time = { ms: 0 };
  const log = createMemoryRoomLog({ now: () => time.ms });
  for (let n = 1; n <= count; n++) {
    time.ms = n * 10;
    await log.append({ room: ROOM, id: `m${n}`, type: 'text', from: { id: 'u', name: 'U' }, data: n }, { messages, ttlMs: 0 });
  }
  return { log, reader: createRoomReader(log) };
}

async function seqs(entries: AsyncIterable<LogEntry>): Promise<number[]> {
  const all: number[] = [];
  for await (const { seq } of entries) all.push(seq);
  return all;
}
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

test('reads every entry once, over many pages, in both orders', async () => {
  const { reader } = await filled(1_234);
  expect(await seqs(reader.read(ROOM))).toEqual(range(1, 1_234));
  expect(await seqs(reader.read(ROOM, { order: 'newest' }))).toEqual(range(1, 1_234).reverse());
});

test.each<[ReadRange, number[]]>([
  [{ after: 997 }, [998, 999, 1_000]],
  [{ before: 4 }, [1, 2, 3]],
  [{ after: 499, before: 502 }, [500, 501]],
  [{ after: 499, before: 502, order: 'newest' }, [501, 500]],
  [{ after: 5, before: 6 }, []],
  [{ after: 5_000 }, []],
])('reads within %j', async (bounds, expected) => {
  const { reader } = await filled(1_000);
  expect(await seqs(reader.read(ROOM, bounds))).toEqual(expected);
});

test('an empty room has nothing to read', async () => {
  const { reader } = await filled(0);
  expect(await seqs(reader.read(ROOM))).toEqual([]);
  expect(await reader.seqAt(ROOM, 0)).toBe(1);
});

test('begins where a trimmed log begins', async () => {
  const { reader } = await filled(100, { messages: 10 });
  expect(await seqs(reader.read(ROOM))).toEqual(range(91, 100));
  expect(await reader.entry(ROOM, 50)).toBeUndefined();
  expect((await reader.entry(ROOM, 95))?.seq).toBe(95);
});

test('what is appended while it reads is not read', async () => {
  const { log, reader } = await filled(600);
  const read: number[] = [];
  for await (const { seq } of reader.read(ROOM)) {
    if (seq === 1)
      await log.append({ room: ROOM, id: 'late', type: 'text', from: { id: 'u', name: 'U' }, data: 0 }, { messages: 0, ttlMs: 0 });
    read.push(seq);
  }
  expect(read).toEqual(range(1, 600));
});

test('a log that became another one meanwhile ends the reading', async () => {
  const { log } = await filled(1_000);
  let pages = 0;
  const changing: LogSource = {
    ends: (room) => log.ends(room),
    read: async (room, bounds) => ({ ...(await log.read(room, bounds)), ...(++pages > 1 && { epoch: 'another' }) }),
  };
  expect(await seqs(createRoomReader(changing).read(ROOM))).toEqual(range(1, 500));
});

test('finds the first message of a time', async () => {
  const { reader } = await filled(100);
  expect(await Promise.all([0, 10, 11, 500, 501, 1_000, 1_001].map((time) => reader.seqAt(ROOM, time)))).toEqual([
    1, 1, 2, 50, 51, 100, 101,
  ]);
});

test('the next page is asked for before one is given, and no further one', async () => {
  const { log } = await filled(1_500);
  let asked = 0;
  const read: LogSource['read'] = (...range) => {
    asked++;
    return log.read(...range);
  };
  const counting: LogSource = { ends: (room) => log.ends(room), read };
  const askedAt: number[] = [];
  for await (const _ of createRoomReader(counting).pages(ROOM)) askedAt.push(asked);
  expect(askedAt).toEqual([2, 3, 3]);
});

test('a page that fails ends the reading when its turn comes, and is nobody’s failure where the reading ended before', async () => {
  const { log } = await filled(1_500);
  const failing = () => {
    let asked = 0;
    const read: LogSource['read'] = (...range) => (++asked === 2 ? Promise.reject(new Error('away')) : log.read(...range));
    return createRoomReader({ ends: (room) => log.ends(room), read });
  };
  const given: number[] = [];
  const readAll = async () => {
    for await (const page of failing().pages(ROOM)) given.push(page.length);
  };
  await expect(readAll()).rejects.toThrow('away');
  expect(given).toEqual([500]);
  for await (const _ of failing().pages(ROOM)) break;
});

test('others have their turn between two pages', async () => {
  const { reader } = await filled(2_000);
  let turns = 0;
  const immediate = () => {
    turns++;
    next = setImmediate(immediate);
  };
  let next = setImmediate(immediate);
  await seqs(reader.read(ROOM));
  clearImmediate(next);
  expect(turns).toBeGreaterThanOrEqual(3);
});
