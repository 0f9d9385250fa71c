import { expect, test } from '@jest/globals';
import { oncePer } from './once.js';

test('what is computed for a key is computed once, also when it fails', () => {
  const calls: object[] = [];
  const sizeOf = oncePer((key: { size: number }) => {
    calls.push(key);
    if (key.size < 0) throw new Error('negative');
    return { size: key.size };
  });
  const [good, bad] = [{ size: 1 }, { size: -1 }];
  expect(sizeOf(good)).toBe(sizeOf(good));
  for (let again = 0; again < 2; again++) expect(() => sizeOf(bad)).toThrow('negative');
  expect(calls).toEqual([good, bad]);
});
