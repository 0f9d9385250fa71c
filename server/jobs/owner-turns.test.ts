import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { OwnerTurns } from './owner-turns.js';

test('owners take turns', () => {
  const turns = new OwnerTurns();
  for (const job of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) turns.add(job[0]!, job);
  const taken = [];
  for (let job = turns.take(); job; job = turns.take()) taken.push(job);
  expect(taken).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3']);
});

test('however jobs come and go, each is taken once, its owner in order, and nobody twice while another waits', () => {
  const action = fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('add'), owner: fc.constantFrom('a', 'b', 'c') }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('take'), owner: fc.constant('') }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('remove'), owner: fc.constantFrom('a', 'b', 'c') }) },
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const turns = new OwnerTurns();
      const waiting = new Map<string, string[]>([
        ['a', []],
        ['b', []],
        ['c', []],
      ]);
      const sinceServed = new Map<string, number>();
      actions.forEach(({ do: what, owner }, n) => {
        if (what === 'add') {
          if (waiting.get(owner)!.length === 0) sinceServed.set(owner, 0);
          turns.add(owner, `${owner}${n}`);
          waiting.get(owner)!.push(`${owner}${n}`);
        } else if (what === 'remove') {
          const last = waiting.get(owner)!.pop();
          if (last) turns.remove(owner, last);
        } else {
          const taken = turns.take();
          const owners = [...waiting].filter(([, jobs]) => jobs.length > 0).map(([name]) => name);
          if (owners.length === 0) {
            expect(taken).toBeUndefined();
            return;
          }
          expect(owners).toContain(taken![0]);
          expect(waiting.get(taken![0]!)!.shift()).toBe(taken);
          for (const name of owners) sinceServed.set(name, name === taken![0] ? 0 : (sinceServed.get(name) ?? 0) + 1);
          for (const name of owners) expect(sinceServed.get(name)).toBeLessThan(3);
        }
      });
    }),
  );
});
