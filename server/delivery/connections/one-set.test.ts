import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { OneSet } from './one-set.js';

test('it answers as a Set does, whatever is done to it', () => {
  const member = fc.constantFrom<string | undefined>('a', 'b', 'c', undefined);
  const act = fc.oneof(
    fc.record({ act: fc.constantFrom('add' as const, 'delete' as const), member }),
    fc.record({ act: fc.constant('clear' as const) }),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
      const set = new Set<string | undefined>();
      const one = new OneSet<string | undefined>();
      for (const step of acts) {
        if (step.act === 'clear') {
          set.clear();
          one.clear();
        } else if (step.act === 'delete') expect(one.delete(step.member)).toBe(set.delete(step.member));
        else {
          set.add(step.member);
          one.add(step.member);
        }
        expect(one.size).toBe(set.size);
        expect([...one]).toEqual([...set]);
        expect([...one.keys()]).toEqual([...set.keys()]);
        expect([...one.entries()]).toEqual([...set.entries()]);
        for (const asked of ['a', 'b', 'c', undefined]) expect(one.has(asked)).toBe(set.has(asked));
        const visited: unknown[] = [];
        one.forEach((value) => void visited.push(value));
        expect(visited).toEqual([...set]);
      }
    }),
  );
});

test('it begins with the members that it is given, and they may be deleted while they are gone through', () => {
  for (const members of [[], ['a'], ['a', 'b', 'a']]) {
    const one = new OneSet(members);
    expect([...one]).toEqual([...new Set(members)]);
    for (const member of one) one.delete(member);
    expect(one.size).toBe(0);
  }
});
