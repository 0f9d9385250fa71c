import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ManualClock } from '../../test/support/manual-clock.js';
import { ChangeGatherer } from './change-gatherer.js';
import type { PresenceChange } from './presence-store.js';

const ada = { id: 'ada', name: 'Ada' };
const bob = { id: 'bob', name: 'Bob' };

function gather() {
  const clock = new ManualClock();
  const told: { at: number; change: PresenceChange }[] = [];
  const begun = clock.now();
  const gatherer = new ChangeGatherer({ coalesceMs: 1_000, clock, emit: (change) => told.push({ at: clock.now() - begun, change }) });
  return { clock, told, gatherer };
}

test('the first change after a quiet time is told at once, what follows after the interval, as one', async () => {
  const { clock, told, gatherer } = gather();
  gatherer.add({ joined: [ada], left: [], count: 1 });
  await clock.advance(0);
  gatherer.add({ joined: [bob], left: [], count: 2 });
  gatherer.add({ joined: [], left: [ada], count: 1 });
  await clock.advance(5_000);
  gatherer.add({ joined: [ada], left: [], count: 2 });
  await clock.advance(0);
  expect(told).toEqual([
    { at: 0, change: { joined: [ada], left: [], count: 1 } },
    { at: 1_000, change: { joined: [bob], left: [ada], count: 1 } },
    { at: 5_000, change: { joined: [ada], left: [], count: 2 } },
  ]);
});

test('who comes and goes, or goes and comes, between two is in none', async () => {
  const { clock, told, gatherer } = gather();
  gatherer.add({ joined: [ada], left: [], count: 1 });
  gatherer.add({ joined: [], left: [ada], count: 0 });
  await clock.advance(2_000);
  expect(told).toEqual([]);
});

test('[P97] a crowd is told by its number, and nobody by name', async () => {
  const { clock, told, gatherer } = gather();
  const crowd = Array.from({ length: 200 }, (_, n) => ({ id: `u${n}`, name: `U${n}` }));
  gatherer.add({ joined: crowd, left: [], count: 200 });
  await clock.advance(1_000);
  gatherer.add({ joined: [ada], left: crowd, count: 1 });
  await clock.advance(1_000);
  gatherer.add({ joined: [bob], left: [], count: 2 });
  await clock.advance(1_000);
  expect(told.map(({ change }) => change)).toEqual([
    { joined: crowd, left: [], count: 200 },
    { joined: [], left: [], count: 1 },
    { joined: [bob], left: [], count: 2 },
  ]);
});

test('a count that changed is told also when nobody is named', async () => {
  const { clock, told, gatherer } = gather();
  gatherer.add({ joined: [ada], left: [], count: 1 });
  await clock.advance(1_000);
  gatherer.add({ joined: [], left: [], count: 900 });
  await clock.advance(1_000);
  expect(told[1]?.change).toEqual({ joined: [], left: [], count: 900 });
});

test('whatever comes when: never two within the interval, and applied in turn they give who is there', async () => {
  const step = fc.record({ who: fc.nat(4), waitMs: fc.integer({ min: 0, max: 1_500 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { clock, told, gatherer } = gather();
      const present = new Map<number, { id: string; name: string }>();
      for (const { who, waitMs } of steps) {
        const user = { id: `user${who}`, name: '' };
        const leaves = present.delete(who);
        if (!leaves) present.set(who, user);
        gatherer.add({ joined: leaves ? [] : [user], left: leaves ? [user] : [], count: present.size });
        await clock.advance(waitMs);
      }
      await clock.advance(2_000);
      const shown = new Set<string>();
      told.forEach(({ at, change }, i) => {
        if (i > 0) expect(at - told[i - 1]!.at).toBeGreaterThanOrEqual(1_000);
        for (const { id } of change.left) expect(shown.delete(id)).toBe(true);
        for (const { id } of change.joined) expect(shown.size < shown.add(id).size).toBe(true);
      });
      expect([...shown].sort()).toEqual([...present.values()].map(({ id }) => id).sort());
    }),
    { numRuns: 50 },
  );
});
