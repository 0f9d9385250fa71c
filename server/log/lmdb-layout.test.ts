import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { open } from 'lmdb';
import { temporaryDir } from '../../test/support/files.js';
import { testScope } from '../../test/support/scope.js';
import { PATIENCE_MS, waitFor } from '../../test/support/wait.js';
import { type LmdbLogOptions, openLmdbRoomLog } from './lmdb-room-log.js';
import type { NewMessage, Retention, RoomLog } from './room-log.js';

const ROOM = 'chat:x';
const ALL = { messages: 0, ttlMs: 0 };
const START = 1_700_000_000_000;
const WINDOW_MS = 600_000;
const scope = testScope();

async function openLog(options: LmdbLogOptions): Promise<RoomLog> {
  const log = await openLmdbRoomLog({ commitTimeoutMs: PATIENCE_MS, ...options });
  scope.defer(log, () => log.close());
  return log;
}

const message = (id: string, data: unknown = id): NewMessage => ({ room: ROOM, id, type: 'text', from: { id: 'u', name: 'u' }, data });
const numbers = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
const appendAll = (log: RoomLog, ids: readonly number[], keep: Retention = ALL) =>
  Promise.all(ids.map((n) => log.append(message(`m${n}`, n % 9 === 0 ? Buffer.from(`${n}`) : `${n}`), keep)));

async function seqsOf(log: RoomLog): Promise<number[]> {
  const seqs: number[] = [];
  for (let after = 0; ; after = seqs.at(-1)!) {
    const { entries } = await log.read(ROOM, { after, limit: 100, from: 'oldest' });
    if (entries.length === 0) return seqs;
    seqs.push(...entries.map(({ seq }) => seq));
  }
}

/** A directory as the first layout has it: each entry and each id by itself. */
async function oldDir(entries: number): Promise<string> {
  const dir = await temporaryDir(scope);
  const root = open({ path: join(dir, 'log'), noSubdir: false, maxDbs: 8 });
  const table = root.openDB<Buffer, [number, number]>({ name: 'entries', encoding: 'binary' });
  const ids = root.openDB({ name: 'ids' });
  for (const seq of numbers(1, entries)) {
    const body = `"id":"m${seq}","type":"text","from":{"id":"u","name":"u"},"data":"${seq}"`;
    const value = Buffer.alloc(8 + body.length);
    value.writeDoubleBE(START);
    value.write(body, 8);
    void table.put([1, seq], value);
    void ids.put([Math.floor(START / WINDOW_MS), 1, `m${seq}`], [seq, START]);
  }
  const meta = root.openDB({ name: 'meta' });
  void meta.put('epoch', 'abc');
  void meta.put('rooms', 1);
  void root.openDB({ name: 'recent', encoding: 'string' }).put(['chat', START, 1], ROOM);
  const head = { n: 1, epoch: 'abc', first: 1, last: entries, time: START, messages: 0, ttlMs: 0, listed: START };
  await root.openDB({ name: 'heads' }).put(ROOM, head);
  await root.close();
  return dir;
}

test('a directory of the first layout is read as it is, goes on in its epoch, and knows its ids', async () => {
  const log = await openLog({ dir: await oldDir(50), now: () => START + 1 });
  expect(await log.ends(ROOM)).toEqual({ epoch: 'abc', first: 1, last: 50 });
  expect(await log.append(message('m7'), ALL)).toMatchObject({ entry: { seq: 7, time: START }, repeated: true });
  await appendAll(log, numbers(51, 80));
  expect(await seqsOf(log)).toEqual(numbers(1, 80));
  const { entries } = await log.read(ROOM, { after: 48, before: 54, limit: 10, from: 'newest' });
  expect(entries.map((entry) => [entry.message.id, entry.message.time - START])).toEqual([
    ['m49', 0],
    ['m50', 0],
    ['m51', 1],
    ['m52', 1],
    ['m53', 1],
  ]);
  expect(await log.rooms({ limit: 2 })).toEqual([{ room: ROOM, last: 80, time: START + 1 }]);
});

test('what the first layout kept is dropped by count and by age like the rest', async () => {
  let time = START + 1;
  const log = await openLog({ dir: await oldDir(50), now: () => time, maintenanceMs: 5 });
  await appendAll(log, numbers(51, 60), { messages: 30, ttlMs: 0 });
  expect(await log.ends(ROOM)).toMatchObject({ first: 31, last: 60 });
  time += 1_000;
  await appendAll(log, [61], { messages: 0, ttlMs: 1_000 });
  await waitFor(async () => (await log.ends(ROOM)).first === 51);
  expect(await seqsOf(log)).toEqual(numbers(51, 61));
  time += 1_001;
  await waitFor(async () => (await log.ends(ROOM)).first === 62);
  expect(await seqsOf(log)).toEqual([]);
});

test('a directory of a later layout is refused with one line that says what to do', async () => {
  const dir = await temporaryDir(scope);
  const root = open({ path: join(dir, 'log'), noSubdir: false, maxDbs: 8 });
  await root.openDB({ name: 'meta' }).put('layout', 3);
  await root.close();
  await expect(openLmdbRoomLog({ dir })).rejects.toThrow(
    /^the rooms in \S+ cannot be opened: a newer version wrote them \(layout 3, this one knows 2\); start that version$/,
  );
});

test('a page begins and ends anywhere in a chunk, in both directions, also after a restart', async () => {
  const dir = await temporaryDir(scope);
  let log = await openLog({ dir });
  for (const [from, to] of [
    [1, 1],
    [2, 8],
    [9, 9],
    [10, 13],
    [14, 20],
  ]) {
    await appendAll(log, numbers(from!, to!));
  }
  for (const round of ['before', 'after']) {
    for (const after of numbers(0, 20)) {
      for (const before of numbers(after + 1, 21)) {
        const kept = numbers(after + 1, before - 1);
        for (const limit of [1, 3, 50]) {
          const up = await log.read(ROOM, { after, before, limit, from: 'oldest' });
          const down = await log.read(ROOM, { after, before, limit, from: 'newest' });
          const seen = [up, down].map(({ entries }) => entries.map(({ seq, message: { data } }) => [seq, String(data)]));
          const expected = [kept.slice(0, limit), kept.slice(-limit)].map((seqs) => seqs.map((seq) => [seq, `${seq}`]));
          expect([round, after, before, limit, seen]).toEqual([round, after, before, limit, expected]);
        }
      }
    }
    await log.close();
    log = await openLog({ dir });
  }
  await log.close();
});

test('what is dropped ends inside of a chunk, and what is behind it can be read in both directions', async () => {
  const log = await openLog({ dir: await temporaryDir(scope) });
  const keep = { messages: 15, ttlMs: 0 };
  await appendAll(log, numbers(1, 10), keep);
  await appendAll(log, numbers(11, 20), keep);
  const { first, last } = await log.ends(ROOM);
  expect([first, last]).toEqual([6, 20]);
  for (const from of ['oldest', 'newest'] as const) {
    const { entries } = await log.read(ROOM, { limit: 50, from });
    expect(entries.map(({ seq }) => seq)).toEqual(numbers(6, 20));
  }
  await appendAll(log, numbers(21, 40), keep);
  // A chunk goes as a whole in one commit; what comes with that commit is not dropped by it.
  expect(await log.ends(ROOM)).toMatchObject({ first: 21, last: 40 });
  await appendAll(log, [41], keep);
  expect(await seqsOf(log)).toEqual(numbers(27, 41));
});

test('entries that grew too old go chunk by chunk, the younger ones stay', async () => {
  let time = START;
  const log = await openLog({ dir: await temporaryDir(scope), now: () => time });
  const keep = { messages: 0, ttlMs: 1_000 };
  for (const start of [1, 11, 21]) {
    await appendAll(log, numbers(start, start + 9), keep);
    time += 400;
  }
  expect((await log.ends(ROOM)).first).toBe(1);
  await appendAll(log, [31], keep);
  expect(await seqsOf(log)).toEqual(numbers(11, 31));
});
