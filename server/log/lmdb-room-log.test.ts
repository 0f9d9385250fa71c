import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterEach, expect, test } from '@jest/globals';
import type { HubError } from '../../shared/errors.js';
import { buildForNode } from '../../test/support/build-for-node.js';
import { testScope } from '../../test/support/scope.js';
import { REFUSED_AS_FULL, smallDisk, writeUntilRefused } from '../../test/support/small-disk.js';
import { PATIENCE_MS, waitFor } from '../../test/support/wait.js';
import { openLmdbLogReader } from './lmdb-log-reader.js';
import { type LmdbLogOptions, openLmdbRoomLog } from './lmdb-room-log.js';
import { describeRoomLog } from './room-log.contract.js';
import type { NewMessage, RoomLog } from './room-log.js';

const ALL = { messages: 0, ttlMs: 0 };
const OLDEST = { limit: 500, from: 'oldest' } as const;
const HOUR_MS = 3_600_000;
/** As long as a bad disk takes for a commit: it is not what is looked at. */
const PATIENT = { commitTimeoutMs: PATIENCE_MS };
const cleanups: (() => unknown)[] = [];
const scope = testScope();

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function newDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'roomcast-lmdb-'));
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function open(options: LmdbLogOptions): Promise<RoomLog> {
  const log = await openLmdbRoomLog({ ...PATIENT, ...options });
  cleanups.push(() => log.close());
  return log;
}

const message = (room: NewMessage['room'], id: string, data: unknown = id): NewMessage => ({
  room,
  id,
  type: 'text',
  from: { id: 'u', name: 'u' },
  data,
});

describeRoomLog('lmdb', async (options) => {
  const dir = mkdtempSync(join(tmpdir(), 'roomcast-lmdb-'));
  const log = await openLmdbRoomLog({ dir, maintenanceMs: 20, ...PATIENT, ...options });
  return {
    log,
    async close() {
      await log.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
});

test('rooms, positions, ids and never written rooms are the same after a restart', async () => {
  const dir = newDir();
  const first = await open({ dir });
  const untouched = await first.ends('chat:untouched');
  const { entry } = await first.append(message('chat:x', 'a', Buffer.from('a')), ALL);
  const before = await first.read('chat:x', OLDEST);
  await first.close();
  const second = await open({ dir });
  expect(await second.ends('chat:untouched')).toEqual(untouched);
  expect(await second.read('chat:x', OLDEST)).toEqual(before);
  expect(await second.append(message('chat:x', 'a'), ALL)).toEqual({ entry, repeated: true });
  expect((await second.append(message('chat:x', 'b'), ALL)).entry).toMatchObject({ epoch: entry.epoch, seq: 2 });
});

const WRITER = `
  const { openLmdbRoomLog } = await import(process.argv[1]);
  // Few recent ids: it is killed before, after and while they are sorted away.
  const log = await openLmdbRoomLog({ dir: process.argv[2], recentIds: 20, commitTimeoutMs: 30_000 });
  for (let n = 0; ; n++) {
    const appended = await Promise.all([0, 1, 2].map((i) => log.append({ room: 'chat:x', id: 'm' + (n * 3 + i), type: 'text', from: { id: 'u', name: 'u' }, data: n }, { messages: 0, ttlMs: 0 })));
    for (const { entry } of appended) console.log(entry.seq);
  }
`;

test('a process that is killed at any moment loses nothing that it acknowledged, and knows a retry', async () => {
  const dir = newDir();
  const script = buildForNode(scope, 'server/log/lmdb-room-log.ts');
  for (let round = 1; round <= 3; round++) {
    const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '--eval', WRITER, script, dir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let acknowledged = 0;
    createInterface({ input: child.stdout! }).on('line', (line) => {
      acknowledged = Math.max(acknowledged, Number(line));
    });
    await waitFor(() => acknowledged > round * 100);
    child.kill('SIGKILL');
    await once(child, 'close');
    const log = await openLmdbRoomLog({ dir, ...PATIENT });
    const { first, last } = await log.ends('chat:x');
    expect(last).toBeGreaterThanOrEqual(acknowledged);
    const { entries } = await log.read('chat:x', { limit: 10, after: acknowledged - 1, from: 'oldest' });
    const retried = entries[0]!;
    expect(retried.seq).toBe(acknowledged);
    expect(await log.append(message('chat:x', retried.message.id), ALL)).toMatchObject({ entry: { seq: acknowledged }, repeated: true });
    for (const id of await storedIds(log)) expect(await log.append(message('chat:x', id), ALL)).toMatchObject({ repeated: true });
    expect(first).toBe(1);
    await log.close();
  }
});

test('appends of turns in a row go together, and one that comes alone does not wait for others', async () => {
  const log = await open({ dir: newDir(), gatherMs: HOUR_MS });
  const acknowledgedIn: number[] = [];
  const bringing = 4;
  let turn = 0;
  for (; turn < bringing || acknowledgedIn.length < 2 * bringing; turn++) {
    if (turn < bringing) {
      for (const id of ['a', 'b']) void log.append(message('chat:x', `${id}${turn}`), ALL).then(() => acknowledgedIn.push(turn));
    }
    await nextTurn();
  }
  expect(new Set(acknowledgedIn).size).toBe(1);
  expect((await log.ends('chat:x')).last).toBe(8);
  expect((await log.append(message('chat:x', 'alone'), ALL)).entry.seq).toBe(9);
});

test('what comes in the pause behind a commit goes into the next one together', async () => {
  const log = await open({ dir: newDir(), pauseMs: 1_000 });
  await log.append(message('chat:x', 'first'), ALL);
  let turn = 0;
  const acknowledgedIn: number[] = [];
  const append = (id: string) => void log.append(message('chat:x', id), ALL).then(() => acknowledgedIn.push(turn));
  append('early');
  for (; turn < 5; turn++) await nextTurn();
  append('late');
  for (; acknowledgedIn.length < 2; turn++) await nextTurn();
  expect(new Set(acknowledgedIn).size).toBe(1);
});

test('a thread reads while the log is written', async () => {
  const dir = newDir();
  const log = await open({ dir });
  await log.append(message('chat:x', 'first'), ALL);
  const worker = new Worker(
    `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData.script).then(async ({ openLmdbLogReader }) => {
      const reader = openLmdbLogReader(workerData.dir);
      parentPort.on('message', async (after) => {
        if (after === 'close') { await reader.close(); process.exit(); }
        parentPort.postMessage(await reader.read('chat:x', { after, limit: 500, from: 'oldest' }));
      });
      parentPort.postMessage(await reader.ends('chat:x'));
    });`,
    { eval: true, workerData: { script: buildForNode(scope, 'server/log/lmdb-log-reader.ts'), dir } },
  );
  const next = async () => ((await once(worker, 'message')) as unknown[])[0];
  expect(await next()).toEqual(await log.ends('chat:x'));
  for (let n = 0; n < 5; n++) {
    const { last } = await log.ends('chat:x');
    await Promise.all([1, 2, 3].map((i) => log.append(message('chat:x', `${n}-${i}`, Buffer.from([i])), ALL)));
    worker.postMessage(last);
    const page = (await next()) as { last: number; entries: { seq: number }[] };
    expect(page.last).toBe(last + 3);
    expect(page.entries.map(({ seq }) => seq)).toEqual([last + 1, last + 2, last + 3]);
  }
  worker.postMessage('close');
  await once(worker, 'exit');
  expect((await log.append(message('chat:x', 'last'), ALL)).entry.seq).toBe(17);
});

test('a reader in the same thread leaves the log open when it closes', async () => {
  const dir = newDir();
  const log = await open({ dir });
  await log.append(message('chat:x', 'a'), ALL);
  const reader = openLmdbLogReader(dir);
  await log.append(message('chat:x', 'b'), ALL);
  expect((await reader.ends('chat:x')).last).toBe(2);
  await reader.close();
  expect((await log.append(message('chat:x', 'c'), ALL)).entry.seq).toBe(3);
});

test('rooms that nobody writes to lose what grew too old, leave the list, and are forgotten in the end', async () => {
  let time = 1_700_000_000_000;
  const log = await open({ dir: newDir(), now: () => time, maintenanceMs: 5 });
  const keep = { messages: 0, ttlMs: HOUR_MS };
  await Promise.all(Array.from({ length: 50 }, (_, i) => log.append(message('job:old', `m${i}`), keep)));
  const { entry: kept } = await log.append(message('chat:kept', 'a'), ALL);
  const unwritten = await log.ends('chat:unwritten');
  const before = await log.ends('job:old');
  time += HOUR_MS + 1;
  await waitFor(async () => (await log.ends('job:old')).first === 51);
  expect(await log.ends('job:old')).toEqual({ epoch: before.epoch, first: 51, last: 50 });
  await waitFor(async () => (await log.rooms({ prefix: 'job:', limit: 10 })).length === 0);
  expect(await log.rooms({ limit: 10 })).toEqual([{ room: 'chat:kept', last: 1, time: kept.time }]);
  time += 2 * HOUR_MS;
  await waitFor(async () => (await log.ends('job:old')).last === 0);
  expect((await log.ends('job:old')).epoch).not.toBe(before.epoch);
  expect(await log.ends('chat:unwritten')).toEqual(unwritten);
  expect(await log.ends('chat:kept')).toMatchObject({ epoch: kept.epoch, first: 1, last: 1 });
});

test('rooms are listed by their times over many pages', async () => {
  let time = 1_700_000_000_000;
  const log = await open({ dir: newDir(), now: () => time });
  for (let n = 0; n < 1_200; n += 100) {
    time += 20_000;
    await Promise.all(Array.from({ length: 100 }, (_, i) => log.append(message(`chat:r${n + i}`, 'a'), ALL)));
  }
  time += 20_000;
  await Promise.all(Array.from({ length: 100 }, (_, i) => log.append(message(`chat:r${i}`, 'b'), ALL)));
  const rooms = await log.rooms({ prefix: 'chat:', limit: 1_150 });
  expect(rooms).toHaveLength(1_150);
  expect(rooms[0]).toMatchObject({ last: 2, time });
  expect(new Set(rooms.map(({ room }) => room)).size).toBe(1_150);
  expect(rooms.map((one) => one.time)).toEqual(rooms.map((one) => one.time).sort((a, b) => b - a));
  expect((await log.rooms({ prefix: 'chat:r1', limit: 2_000 })).length).toBe(1 + 10 + 100 + 200);
});

test('[P30] an append that the disk does not take in time may be stored and is found by its id; what waits behind it is not stored', async () => {
  const log = await open({ dir: newDir(), commitTimeoutMs: 1 });
  const large = 'x'.repeat(1_000_000);
  const told: (readonly [id: string, code: string])[] = [];
  const append = async (id: string) => {
    const code = await appendFor(log, message('chat:x', id, large), (outcome) => told.push([id, outcome]));
    if (code) told.push([id, code]);
  };
  const sent = countTo(30).map((n) => append(`sent-${n}`));
  // By now the commit is under way.
  for (let turn = 0; turn < 3; turn++) await nextTurn();
  await Promise.all([...sent, ...countTo(10).map((n) => append(`behind-${n}`))]);
  await waitFor(() => told.length >= 40);
  const codeOf = new Map(told);
  expect([...codeOf.values()]).toContain('timeout');
  expect([...codeOf.values()].filter((code) => !['stored', 'timeout', 'unavailable'].includes(code))).toEqual([]);
  await waitFor(() => log.append(message('chat:x', 'barrier'), ALL));
  // Each once, also of what was stored after all.
  expect(told.length).toBe(40);
  const stored = await storedIds(log);
  for (const [id, code] of codeOf)
    if (code !== 'timeout') expect({ id, isThere: stored.includes(id) }).toEqual({ id, isThere: code === 'stored' });
  for (const id of stored) expect(await log.append(message('chat:x', id), ALL)).toMatchObject({ repeated: true });
});

/** Appends, and has `tell` told of the outcome; gives the code of what is refused at once. */
async function appendFor(log: RoomLog, message: NewMessage, tell: (outcome: string) => void): Promise<string | undefined> {
  try {
    log.appendFor!(message, ALL, {
      appended: ({ repeated }) => tell(repeated ? 'repeated' : 'stored'),
      refused: (error) => tell((error as HubError).code),
    });
    return undefined;
  } catch (error) {
    return (error as HubError).code;
  }
}

test('who waits without a promise is told in the order of the appends, and what one of them throws concerns no other', async () => {
  const faults: string[] = [];
  const log = await open({ dir: newDir(), onFault: (error, room) => faults.push(`${room} ${(error as Error).message}`) });
  const told: string[] = [];
  const tell = (outcome: string) => {
    told.push(outcome);
    if (told.length === 1) throw new Error('the first waiter');
  };
  const asked = [message('chat:x', 'a'), message('chat:x', 'a'), { ...message('chat:x', 'b'), after: 'never' }, message('chat:y', 'c')];
  for (const one of asked) expect(await appendFor(log, one, tell)).toBe(undefined);
  expect(await appendFor(log, message('chat:x', 'd', 1n), tell)).toBe('invalid');
  await log.append(message('chat:x', 'barrier'), ALL);
  expect(told).toEqual(['stored', 'repeated', 'out_of_order', 'stored']);
  expect(faults).toEqual(['chat:x the first waiter']);
  await log.close();
  expect(await appendFor(log, message('chat:x', 'e'), tell)).toBe('unavailable');
});

const countTo = (count: number) => Array.from({ length: count }, (_, n) => n);

async function storedIds(log: RoomLog): Promise<string[]> {
  const ids: string[] = [];
  for (let after = 0; ; ) {
    const { entries } = await log.read('chat:x', { ...OLDEST, after });
    if (entries.length === 0) return ids;
    ids.push(...entries.map((entry) => entry.message.id));
    after = entries.at(-1)!.seq;
  }
}

test('an append is not refused because this process was too busy to see that the disk took it', async () => {
  const log = await open({ dir: newDir(), commitTimeoutMs: 600 });
  const appending = log.append(message('chat:x', 'a'), ALL);
  // By now the commit is under way.
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500);
  expect((await appending).entry.seq).toBe(1);
});

test('a disk that fills up refuses appends with storage_full, leaves no hole, keeps reading, and takes appends when there is space', async () => {
  const small = await smallDisk(scope, 16);
  if (!small) return console.warn('no small file system can be mounted here: the full disk is not tested');
  const { dir, space: disk } = small;
  const faults: unknown[] = [];
  const log = await open({ dir, disk, onFault: (fault) => faults.push(fault) });
  const heard: number[] = [];
  await log.follow('chat:x', { entry: ({ seq }) => heard.push(seq), doubt() {} });
  const body = 'x'.repeat(40_000);
  let stored = 0;
  const append = async () => {
    stored = (await log.append(message('chat:x', `m${stored + 1}`, body), ALL)).entry.seq;
    return stored;
  };
  expect(await writeUntilRefused(append)).toEqual(REFUSED_AS_FULL);
  const full = stored;
  expect(await log.ends('chat:x')).toMatchObject({ first: 1, last: full });
  expect((await log.read('chat:x', { limit: 1, from: 'newest' })).entries[0]).toMatchObject({ seq: full });
  expect(small.freeBytes()).toBeGreaterThan(1024 ** 2);
  small.grow(32);
  expect(await waitFor(append)).toBe(full + 1);
  expect(heard).toEqual(Array.from({ length: full + 1 }, (_, i) => i + 1));
  expect(faults).toEqual([]);
});

test('a disk that stays full takes appends again into what deletions freed', async () => {
  const small = await smallDisk(scope, 16);
  if (!small) return console.warn('no small file system can be mounted here: the full disk is not tested');
  const { dir, space: disk } = small;
  let time = 1_700_000_000_000;
  const log = await open({ dir, disk, now: () => time, maintenanceMs: 10 });
  const keep = { messages: 0, ttlMs: HOUR_MS };
  let sent = 0;
  const append = () => log.append(message('chat:x', `m${sent++}`, 'x'.repeat(4_000)), keep);
  expect(await writeUntilRefused(append)).toEqual(REFUSED_AS_FULL);
  const { last } = await log.ends('chat:x');
  time += HOUR_MS + 1;
  await waitFor(async () => (await log.ends('chat:x')).first === last + 1);
  for (let n = 1; n < last / 2; n++) await waitFor(append);
  expect(disk.state().isLow).toBe(true);
  expect(small.freeBytes()).toBeGreaterThan(1024 ** 2);
});

test('a torn file is refused with one clear line', async () => {
  const dir = newDir();
  const log = await openLmdbRoomLog({ dir, ...PATIENT });
  for (let n = 0; n < 20; n++) await log.append(message('chat:x', `m${n}`, 'x'.repeat(40_000)), ALL);
  await log.close();
  truncateSync(join(dir, 'log/data.mdb'), 300_000);
  await expect(openLmdbRoomLog({ dir })).rejects.toThrow(
    /^the rooms in \S+ cannot be opened: data\.mdb is damaged: it has 300000 of \d+ bytes; /,
  );
});
