import { expect, test } from '@jest/globals';
import { groupSeries, usualCombine } from './series-groups.js';

const SERIES = new Map([
  ['cpu{core="0",host="a"}', [1, 2, null]],
  ['cpu{core="1",host="a"}', [3, null, null]],
  ['cpu{core="0",host="b"}', [10, 20, null]],
  ['load{host="a"}', [7, 7, 7]],
]);
const grouped = (labels: string[], combine: Parameters<typeof groupSeries>[2] = 'sum') =>
  Object.fromEntries(groupSeries(SERIES, labels, combine));

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
  const cpu = (combine: Parameters<typeof groupSeries>[2]) => grouped([], combine).cpu;
  expect([cpu('avg'), cpu('min'), cpu('max'), cpu('count')]).toEqual([
    [14 / 3, 11, null],
    [1, 2, null],
    [10, 20, null],
    [3, 2, null],
  ]);
  expect(['rate', 'avg', 'p99', 'last', 'min'].map(usualCombine)).toEqual(['sum', 'avg', 'max', 'avg', 'min']);
});
