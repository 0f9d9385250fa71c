import { expect, test } from '@jest/globals';
import { RecentMap } from './recent-map.js';

test('what was set is there until as much as half of the bound came after it twice', () => {
  const map = new RecentMap<string, number>(20);
  map.set('a', 1, 6);
  map.set('b', 2, 6);
  expect([map.get('a'), map.get('b'), map.size]).toEqual([1, 2, 2]);
  map.set('c', 3, 6);
  expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([undefined, 2, 3]);
});

test('an entry that grows without end is forgotten like any other', () => {
  const map = new RecentMap<string, number>(20);
  map.set('a', 1, 6);
  map.grow(6);
  expect(map.get('a')).toBe(1);
  map.grow(6);
  expect(map.get('a')).toBeUndefined();
});
