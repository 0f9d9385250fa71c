import { expect, test } from '@jest/globals';
import type { RollupLevel } from './rollup-levels.js';
import type { RollupStore } from './rollup-store.js';

export const CONTRACT_LEVELS: readonly RollupLevel[] = [
  { stepMs: 1_000, ttlMs: 60_000 },
  { stepMs: 60_000, ttlMs: 3_600_000 },
];
const ROOM = 'metrics:a';
/** A whole number of the longest chunks. */
export const CONTRACT_START = 1_800_000_000_000;
const START = CONTRACT_START;

const ref = (series: string, stepMs = 1_000, start = START) => ({ stepMs, start, series });
const chunk = (series: string, text: string, stepMs = 1_000, start = START) => ({
  ...ref(series, stepMs, start),
  bytes: Buffer.from(text),
});
const change = (from: string | undefined, to: string, chunks: ReturnType<typeof chunk>[] = []) => ({ from, to, chunks, names: [] });
const textsOf = async (store: RollupStore, ...refs: ReturnType<typeof ref>[]) =>
  (await store.read(ROOM, refs)).chunks.map((bytes) => bytes?.toString());

/** What every engine of the port does; `open` gives a store that is empty, and two ways to it where it is shared. */
export function rollupStoreContract(open: () => Promise<readonly [RollupStore, RollupStore]>): void {
  test('a room that was never rolled up has neither mark nor chunks nor series', async () => {
    const [store] = await open();
    expect(await store.mark(ROOM)).toBeUndefined();
    expect(await store.read(ROOM, [ref('cpu')])).toEqual({ mark: undefined, chunks: [undefined] });
    expect(await store.series(ROOM, 0)).toEqual([]);
  });

  test('chunks are read in the order asked for, by level, start and series, with the mark of their commit', async () => {
    const [store, other] = await open();
    const chunks = [chunk('cpu', 'a'), chunk('mem ü 🦊', 'b'), chunk('cpu', 'c', 60_000), chunk('cpu', 'd', 1_000, START + 15_000)];
    expect(await store.commit(ROOM, change(undefined, 'e:5', chunks))).toBe(true);
    const refs = [ref('cpu', 60_000), ref('gone'), ref('mem ü 🦊'), ref('cpu', 1_000, START + 15_000), ref('cpu')];
    const read = await other.read(ROOM, refs);
    expect(read.mark).toBe('e:5');
    expect(read.chunks.map((bytes) => bytes?.toString())).toEqual(['c', undefined, 'b', 'd', 'a']);
    expect(await store.mark('metrics:b')).toBeUndefined();
  });

  test('bytes of any value come back as they were, and a later commit replaces them', async () => {
    const [store] = await open();
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await store.commit(ROOM, change(undefined, 'e:1', [{ ...ref('x'), bytes }]));
    expect(Buffer.compare((await store.read(ROOM, [ref('x')])).chunks[0]!, bytes)).toBe(0);
    await store.commit(ROOM, change('e:1', 'e:2', [chunk('x', 'new')]));
    expect(await textsOf(store, ref('x'))).toEqual(['new']);
  });

  test('of two commits under one mark one is taken, and the other changes nothing', async () => {
    const [store, other] = await open();
    await store.commit(ROOM, change(undefined, 'e:1', [chunk('x', 'first')]));
    const taken = await Promise.all([
      store.commit(ROOM, change('e:1', 'e:2', [chunk('x', 'one')])),
      other.commit(ROOM, change('e:1', 'e:3', [chunk('x', 'two')])),
    ]);
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await textsOf(store, ref('x'))).toEqual([taken[0] ? 'one' : 'two']);
    expect(await store.mark(ROOM)).toBe(taken[0] ? 'e:2' : 'e:3');
    expect(await store.commit(ROOM, change(undefined, 'e:9', [chunk('x', 'none')]))).toBe(false);
    expect(await textsOf(other, ref('x'))).toEqual([taken[0] ? 'one' : 'two']);
  });

  test('series are listed by how long they were seen, and an earlier time takes nothing back', async () => {
    const [store] = await open();
    const names = (until: number, ...series: string[]) => series.map((name) => ({ series: name, until }));
    await store.commit(ROOM, { ...change(undefined, 'e:1'), names: [...names(START, 'old', 'cpu'), ...names(START + 9, 'new')] });
    await store.commit(ROOM, { ...change('e:1', 'e:2'), names: [...names(START + 20, 'cpu'), ...names(START - 50, 'new')] });
    expect((await store.series(ROOM, 0)).sort()).toEqual(['cpu', 'new', 'old']);
    expect((await store.series(ROOM, START)).sort()).toEqual(['cpu', 'new']);
    expect(await store.series(ROOM, START + 20)).toEqual([]);
  });

  test('a commit of many series is one', async () => {
    const [store] = await open();
    const many = Array.from({ length: 5_000 }, (_, i) => chunk(`series ${i}`, `${i}`));
    const names = many.map(({ series }) => ({ series, until: START + 1 }));
    expect(await store.commit(ROOM, { ...change(undefined, 'e:1', many), names })).toBe(true);
    expect(await textsOf(store, ref('series 0'), ref('series 999'), ref('series 4999'))).toEqual(['0', '999', '4999']);
    expect(await store.series(ROOM, START)).toHaveLength(5_000);
  });

  test('names longer than a key may be are told apart', async () => {
    const [store] = await open();
    const [a, b] = ['a', 'b'].map((end) => `${'n'.repeat(1_000)}${end}`) as [string, string];
    await store.commit(ROOM, { ...change(undefined, 'e:1', [chunk(a, 'a'), chunk(b, 'b')]), names: [{ series: a, until: START + 1 }] });
    expect(await textsOf(store, ref(a), ref(b))).toEqual(['a', 'b']);
    expect(await store.series(ROOM, START)).toEqual([a]);
  });
}
