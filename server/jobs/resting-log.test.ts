import { expect, test } from '@jest/globals';
import { createMemoryRoomLog } from '../log/memory-room-log.js';
import { restBetweenReads } from './resting-log.js';
import { createRoomReader } from './room-reader.js';

const ROOM = 'chat:x';

async function filled(count: number) {
  const log = createMemoryRoomLog({ now: () => 1 });
  for (let n = 1; n <= count; n++) {
    await log.append({ room: ROOM, id: `m${n}`, type: 'text', from: { id: 'u', name: 'U' }, data: n }, { messages: 0, ttlMs: 0 });
  }
  return log;
}

test('a thread rests after each half of a millisecond of reading, not after each page', async () => {
  const log = await filled(5_000);
  let ms = 0;
  const restedAt: number[] = [];
  const resting = restBetweenReads(log, { now: () => ms, rest: () => void restedAt.push(ms) });
  let read = 0;
  for await (const page of createRoomReader(resting).pages(ROOM)) {
    read += page.length;
    ms += 0.2;
  }
  expect(read).toBe(5_000);
  expect(restedAt.map((at) => at.toFixed(1))).toEqual(['0.6', '1.2']);
});

test('a rest ends by itself', async () => {
  const log = await filled(1_200);
  let ms = 0;
  const resting = restBetweenReads(log, { now: () => ms++ });
  const seqs: number[] = [];
  for await (const { seq } of createRoomReader(resting).read(ROOM, { order: 'newest' })) seqs.push(seq);
  expect(seqs).toEqual(Array.from({ length: 1_200 }, (_, i) => 1_200 - i));
  expect(await resting.ends(ROOM)).toEqual(await log.ends(ROOM));
});
