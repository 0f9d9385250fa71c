import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TimedIds } from './timed-ids.js';

test('knows the same ids and places as a plain list, whatever is added, taken back and forgotten', () => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 1, max: 5 }), later: fc.nat(3) }),
    fc.record({ removeNewest: fc.nat(3) }),
    fc.record({ removeBefore: fc.nat(40) }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.array(step, { maxLength: 60 }), (firstSeq, steps) => {
      const ids = new TimedIds();
      let known: { id: string; seq: number; time: number }[] = [];
      let [seq, time, made] = [firstSeq, 1, 0];
      for (const one of steps) {
        if ('add' in one) {
          time += one.later;
          for (let n = 0; n < one.add; n++, seq++) {
            const id = `i${made++}`;
            ids.add(id, seq, time);
            known.push({ id, seq, time });
          }
        } else if ('removeNewest' in one) {
          const newest = known.slice(known.length - Math.min(one.removeNewest, known.length));
          ids.removeNewest(newest.map(({ id }) => id));
          known = known.slice(0, known.length - newest.length);
          seq -= newest.length;
        } else {
          const before = time - 20 + one.removeBefore;
          ids.removeBefore(before);
          known = known.filter((place) => place.time >= before);
        }
      }
      const all: (typeof known)[number][] = [];
      ids.forEach((id, seq, time) => {
        all.push({ id, seq, time });
      });
      expect(all).toEqual(known);
      expect(ids.size).toBe(known.length);
      for (let n = 0; n < made; n++) {
        const expected = known.find(({ id }) => id === `i${n}`);
        expect(ids.find(`i${n}`)).toEqual(expected && { seq: expected.seq, time: expected.time });
        expect(ids.has(`i${n}`)).toBe(expected !== undefined);
      }
    }),
  );
});
