import { expect, test } from '@jest/globals';
import { type Combine, GroupTable, PlainTable, usualCombine } from './series-groups.js';

const SERIES = new Map([
  ['cpu{core="0",host="a"}', [1, 2, null]],
  ['cpu{core="1",host="a"}', [3, null, null]],
  ['cpu{core="0",host="b"}', [10, 20, null]],
  ['load{host="a"}', [7, 7, 7]],
]);
const grouped = (labels: string[], combine: Combine = 'sum') => {
  const table = new GroupTable(labels, combine, 100);
  for (const [name, values] of SERIES) table.add(name, values);
  return Object.fromEntries(table.rows);
};

test('series with the same values of the labels become one, names apart', () => {
  expect(grouped(['host'])).toEqual({
    'cpu{host="a"}': [4, 2, null],
    'cpu{host="b"}': [10, 20, null],
    'load{host="a"}': [7, 7, 7],
  });
  expect(grouped([])).toEqual({ cpu: [14, 22, null], load: [7, 7, 7] });
});

test('a series without a label is of the group that lacks it', () => {
  expect(Object.keys(grouped(['core']))).toEqual(['cpu{core="0"}', 'cpu{core="1"}', 'load']);
});

test('values are combined as asked for', () => {
  const cpu = (combine: Combine) => grouped([], combine).cpu;
  expect([cpu('avg'), cpu('min'), cpu('max'), cpu('count')]).toEqual([
    [14 / 3, 11, null],
    [1, 2, null],
    [10, 20, null],
    [3, 2, null],
  ]);
  expect(['rate', 'avg', 'p99', 'last', 'min'].map(usualCombine)).toEqual(['sum', 'avg', 'max', 'avg', 'min']);
});

test('a table has so many rows and no more; a series without any value takes none', () => {
  const groups = new GroupTable(['host'], 'sum', 2);
  expect([...SERIES].map(([name, values]) => groups.add(name, values))).toEqual([true, true, true, false]);
  const plain = new PlainTable(1);
  expect([plain.add('a', [null]), plain.add('b', [1]), plain.add('c', [1])]).toEqual([true, true, false]);
  expect([...plain.rows]).toEqual([['b', [1]]]);
});
