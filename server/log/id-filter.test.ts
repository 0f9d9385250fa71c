import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { IdFilter, idHash } from './id-filter.js';

test('what was added is never missed, whatever the ids and rooms', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(), fc.string())), (ids) => {
      const filter = new IdFilter();
      for (const [room, id] of ids) filter.add(idHash(room, id));
      for (const [room, id] of ids) expect(filter.mayHave(idHash(room, id))).toBe(true);
    }),
    { numRuns: 30 },
  );
});

test('most of what was not added is told apart: by its id, and by its room', () => {
  const filter = new IdFilter();
  for (let n = 0; n < 200_000; n++) filter.add(idHash(n % 50, `m${n}`));
  const taken = (room: (n: number) => number, id: (n: number) => string) =>
    Array.from({ length: 20_000 }, (_, n) => filter.mayHave(idHash(room(n), id(n)))).filter(Boolean).length;
  expect(
    taken(
      (n) => n % 50,
      (n) => `n${n}`,
    ),
  ).toBeLessThan(20);
  expect(
    taken(
      (n) => (n % 50) + 50,
      (n) => `m${n}`,
    ),
  ).toBeLessThan(20);
  expect(
    taken(
      (n) => n % 50,
      (n) => `m${n}`,
    ),
  ).toBe(20_000);
});
