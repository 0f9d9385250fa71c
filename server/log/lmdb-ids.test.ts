import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { open, type RootDatabase } from 'lmdb';
import { temporaryDir } from '../../test/support/files.js';
import { testScope } from '../../test/support/scope.js';
import { LmdbIds } from './lmdb-ids.js';

const WINDOW_MS = 1_000;
const START = 1_700_000_000_000;
const scope = testScope();

async function newRoot(): Promise<RootDatabase> {
  const root = open({ path: await temporaryDir(scope), noSubdir: false, maxDbs: 12, overlappingSync: false, eventTurnBatching: false });
  scope.defer(root, () => root.close());
  return root;
}

/** Ids that are appended to rooms as a log does it: one transaction for each call, seqs without holes. */
function appender(root: RootDatabase, limits: { recentIds?: number; recentCommits?: number } = {}) {
  const options = { windowMs: WINDOW_MS, ...limits };
  let ids = new LmdbIds(root, options);
  const last = new Map<number, number>();
  const add = (room: number, names: readonly string[], time: number) => {
    const before = last.get(room) ?? 0;
    for (const [i, id] of names.entries()) ids.add(room, id, { seq: before + 1 + i, time });
    return () => last.set(room, before + names.length);
  };
  const commit = async (time: number) => {
    const writes = ids.prepare(time);
    await root.batch(() => writes.forEach((write) => void write()));
    ids.committed();
  };
  return {
    async append(room: number, names: readonly string[], time: number) {
      add(room, names, time)();
      await commit(time);
    },
    fail(room: number, names: readonly string[], time: number) {
      add(room, names, time);
      ids.prepare(time);
      ids.rolledBack();
    },
    commit,
    find: (room: number, id: string, time: number) => ids.find(room, id, time),
    reopen: () => {
      ids = new LmdbIds(root, options);
    },
  };
}

const countOf = (root: RootDatabase, name: string) => root.openDB({ name }).getKeysCount();
const names = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

test('an id is found in its room wherever it is kept: in memory, in a run, after a restart in both', async () => {
  const root = await newRoot();
  const ids = appender(root, { recentIds: 100 });
  await ids.append(1, names('run', 150), START);
  await ids.append(2, ['recent', 'r'.repeat(300)], START + 5);
  expect([countOf(root, 'idRuns'), countOf(root, 'idJournal')]).toEqual([1, 1]);
  for (const round of ['before', 'after']) {
    expect([round, ids.find(1, 'run0', START + 10)]).toEqual([round, { seq: 1, time: START }]);
    expect(ids.find(1, 'run149', START + 10)).toEqual({ seq: 150, time: START });
    expect(ids.find(2, 'recent', START + 10)).toEqual({ seq: 1, time: START + 5 });
    expect(ids.find(2, 'r'.repeat(300), START + 10)).toEqual({ seq: 2, time: START + 5 });
    for (const [room, id] of [
      [2, 'run0'],
      [1, 'recent'],
      [1, 'run150'],
      [2, 'r'.repeat(299)],
    ] as const) {
      expect(ids.find(room, id, START + 10)).toBeUndefined();
    }
    ids.reopen();
  }
});

test('what is in memory stays bounded, by ids and by commits, and so does what is on disk by itself', async () => {
  const root = await newRoot();
  const many = appender(root, { recentIds: 50 });
  for (let n = 0; n < 20; n++) {
    await many.append(1, names(`a${n}-`, 30), START);
    expect(countOf(root, 'idJournal')).toBeLessThanOrEqual(2);
  }
  const few = appender(root, { recentCommits: 5 });
  for (let n = 0; n < 20; n++) {
    await few.append(2, [`b${n}`], START);
    expect(countOf(root, 'idJournal')).toBeLessThanOrEqual(5);
  }
  for (let n = 0; n < 20; n++) {
    expect(few.find(1, `a${n}-29`, START)).toEqual({ seq: 30 * n + 30, time: START });
    expect(few.find(2, `b${n}`, START)).toEqual({ seq: n + 1, time: START });
  }
});

test('an id is new again when its window is over, wherever it is, and its run leaves the disk', async () => {
  const root = await newRoot();
  const ids = appender(root, { recentIds: 100 });
  await ids.append(1, names('run', 150), START);
  await ids.append(1, ['recent'], START);
  for (const id of ['run7', 'recent']) {
    expect(ids.find(1, id, START + WINDOW_MS - 1)).toMatchObject({ time: START });
    expect(ids.find(1, id, START + WINDOW_MS)).toBeUndefined();
  }
  await ids.append(1, ['run7'], START + WINDOW_MS);
  expect(ids.find(1, 'run7', START + WINDOW_MS + 1)).toEqual({ seq: 152, time: START + WINDOW_MS });
  expect(countOf(root, 'idRuns')).toBe(1);
  await ids.commit(START + WINDOW_MS + 1);
  expect([countOf(root, 'idRuns'), countOf(root, 'idBlocks')]).toEqual([0, 0]);
});

test('what a failed commit was to add is not known, also where it was to be sorted away with it', async () => {
  const root = await newRoot();
  const ids = appender(root, { recentIds: 10 });
  await ids.append(1, ['kept'], START);
  ids.fail(1, ['lost'], START);
  ids.fail(2, names('lost', 20), START);
  expect([ids.find(1, 'lost', START), ids.find(2, 'lost3', START)]).toEqual([undefined, undefined]);
  expect(ids.find(1, 'kept', START)).toEqual({ seq: 1, time: START });
  await ids.append(1, ['lost'], START + 1);
  ids.reopen();
  expect(ids.find(1, 'lost', START + 1)).toEqual({ seq: 2, time: START + 1 });
  expect(ids.find(1, 'kept', START + 1)).toEqual({ seq: 1, time: START });
});

test('ids that an earlier version wrote are known for their windows, and then leave the disk', async () => {
  const root = await newRoot();
  const window = START / WINDOW_MS;
  const old = root.openDB<[number, number], [number, number, string]>({ name: 'ids' });
  await old.put([window, 1, 'a'], [7, START + 3]);
  const ids = appender(root);
  expect(ids.find(1, 'a', START + WINDOW_MS)).toEqual({ seq: 7, time: START + 3 });
  expect([ids.find(2, 'a', START + WINDOW_MS), ids.find(1, 'a', START + 2 * WINDOW_MS)]).toEqual([undefined, undefined]);
  await ids.commit(START + WINDOW_MS);
  expect(countOf(root, 'ids')).toBe(1);
  await ids.commit(START + 2 * WINDOW_MS);
  expect(countOf(root, 'ids')).toBe(0);
});

test('any order of appends, failures, restarts and time gives what a plain map gives', async () => {
  const step = fc.record({
    room: fc.nat(3),
    ids: fc.uniqueArray(fc.nat(60), { minLength: 1, maxLength: 15 }),
    do: fc.constantFrom('append', 'append', 'append', 'fail', 'reopen'),
    passes: fc.nat(150),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const ids = appender(await newRoot(), { recentIds: 20, recentCommits: 6 });
      const model = new Map<string, { seq: number; time: number }>();
      const last = new Map<number, number>();
      let time = START;
      for (const { room, ids: numbers, do: what, passes } of steps) {
        time += passes;
        const isKnown = (n: number) => time - (model.get(`${room} ${n}`)?.time ?? 0) < WINDOW_MS;
        for (const n of numbers) expect(ids.find(room, `${n}`, time)).toEqual(isKnown(n) ? model.get(`${room} ${n}`) : undefined);
        const fresh = numbers.filter((n) => !isKnown(n));
        if (what === 'reopen') ids.reopen();
        if (what === 'fail') ids.fail(room, fresh.map(String), time);
        if (what !== 'append') continue;
        await ids.append(room, fresh.map(String), time);
        for (const n of fresh) {
          const seq = (last.get(room) ?? 0) + 1;
          last.set(room, seq);
          model.set(`${room} ${n}`, { seq, time });
        }
      }
    }),
    { numRuns: 25 },
  );
});
