import { expect, test } from '@jest/globals';
import { cellsOf } from './heat-cells.js';

test('a cell lasts until the next value of its row, and for one tick where the row pauses or ends', () => {
  const times = [10, 11, 12, 14, 20, 30, 31];
  const row = [1, undefined, 2, 0, 3, null, 4];
  expect(cellsOf(times, row, 1)).toEqual([
    { value: 1, from: 10, to: 12 },
    { value: 2, from: 12, to: 14 },
    { value: 3, from: 20, to: 21 },
    { value: 4, from: 31, to: 32 },
  ]);
});
