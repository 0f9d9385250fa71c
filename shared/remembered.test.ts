import { expect, test } from '@jest/globals';
import { Remembered } from './remembered.js';

test('a value is made once for equal keys, anew when it is full, and each time for long keys', () => {
  const remembered = new Remembered<string>(2);
  const made: string[] = [];
  const get = (key: string) => remembered.get(key, () => made[made.push(key) - 1]!);
  for (const key of ['a', 'b', 'a', 'b', 'c', 'b', 'c']) expect(get(key)).toBe(key);
  expect(made.splice(0)).toEqual(['a', 'b', 'c', 'b']);
  const long = 'x'.repeat(257);
  expect([get(long), get(long)]).toEqual([long, long]);
  expect(made).toHaveLength(2);
});

test('a value that counts as false is remembered too', () => {
  const remembered = new Remembered<boolean>(2);
  remembered.get('a', () => false);
  expect(remembered.get('a', () => true)).toBe(false);
});
