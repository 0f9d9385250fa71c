import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { OneMap } from './one-map.js';

test('it answers as a Map does, whatever is done to it', () => {
  const key = fc.constantFrom<string | undefined>('a', 'b', 'c', undefined);
  const act = fc.oneof(
    fc.record({ act: fc.constant('set' as const), key, value: fc.nat(9) }),
    fc.record({ act: fc.constant('delete' as const), key }),
    fc.record({ act: fc.constant('clear' as const) }),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
      const map = new Map<string | undefined, number>();
      const one = new OneMap<string | undefined, number>();
      for (const step of acts) {
        if (step.act === 'set') {
          map.set(step.key, step.value);
          one.set(step.key, step.value);
        } else if (step.act === 'delete') expect(one.delete(step.key)).toBe(map.delete(step.key));
        else {
          map.clear();
          one.clear();
        }
        expect(one.size).toBe(map.size);
        expect([...one]).toEqual([...map]);
        expect([...one.keys()]).toEqual([...map.keys()]);
        expect([...one.values()]).toEqual([...map.values()]);
        for (const asked of ['a', 'b', 'c', undefined]) {
          expect(one.has(asked)).toBe(map.has(asked));
          expect(one.get(asked)).toBe(map.get(asked));
        }
        const visited: unknown[] = [];
        one.forEach((value, visitedKey) => void visited.push([visitedKey, value]));
        expect(visited).toEqual([...map]);
      }
    }),
  );
});

test('entries may be deleted while they are gone through', () => {
  const map = OneMap.from([
    ['a', 1],
    ['b', 2],
  ]);
  for (const key of map.keys()) map.delete(key);
  expect(map.size).toBe(0);
});
