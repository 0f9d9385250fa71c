import { expect, test } from '@jest/globals';
import { createMemoryRollupStore } from './memory-rollup-store.js';
import { CONTRACT_LEVELS as levels, rollupStoreContract, CONTRACT_START as START } from './rollup-store.contract.js';

rollupStoreContract(async () => {
  const store = createMemoryRollupStore({ levels, now: () => START });
  return [store, store];
});

test('what is older than its level is kept is gone with the next commit', async () => {
  let now = START;
  const store = createMemoryRollupStore({ levels, now: () => now });
  const refs = [1_000, 60_000].map((stepMs) => ({ stepMs, start: START, series: 'x' }));
  const chunks = refs.map((ref) => ({ ...ref, bytes: Buffer.from('x') }));
  await store.commit('metrics:a', { from: undefined, to: 'e:1', chunks, names: [{ series: 'x', until: START + 1_000 }] });
  now = START + 15_000 + 60_000;
  await store.commit('metrics:a', { from: 'e:1', to: 'e:2', chunks: [], names: [] });
  expect((await store.read('metrics:a', refs)).chunks.map((bytes) => bytes?.toString())).toEqual([undefined, 'x']);
  now += 2 * 3_600_000;
  await store.commit('metrics:b', { from: undefined, to: 'e:1', chunks: [], names: [] });
  expect(await store.mark('metrics:a')).toBeUndefined();
  expect(await store.series('metrics:a', 0)).toEqual([]);
});
