import { expect, test } from '@jest/globals';
import { quantile, stepValues } from './aggregate.js';
import { addSample, type Cells } from './rollups/rollup-cell.js';

const grid = (steps: number, stepMs = 1_000) => ({ from: 10_000, to: 10_000 + (steps - 1) * stepMs, stepMs, steps, level: undefined });
const cellsOf = (samples: [t: number, value: number][], bucketMs = 1_000) => {
  const cells: Cells = new Map();
  for (const [t, value] of samples) addSample(cells, bucketMs, value, t);
  return cells;
};

test('a rate is what a counter rose by since the sample before, per second', () => {
  const cells = cellsOf([
    [8_000, 100],
    [10_000, 104],
    [11_500, 107],
    [13_500, 107],
  ]);
  expect(stepValues(cells, 'rate', grid(4))).toEqual([2, 2, null, 0]);
});

test('a counter that began anew rose from nothing', () => {
  expect(
    stepValues(
      cellsOf([
        [9_000, 100],
        [10_000, 7],
      ]),
      'rate',
      grid(1),
    ),
  ).toEqual([7]);
});

test('a rate has no first value, and none after a long silence', () => {
  expect(stepValues(cellsOf([[10_000, 5]]), 'rate', grid(1))).toEqual([null]);
  expect(
    stepValues(
      cellsOf([
        [10_000 - 300_001, 5],
        [10_000, 6],
      ]),
      'rate',
      grid(1),
    ),
  ).toEqual([null]);
});

test('a long step adds up the rises of its buckets, resets among them', () => {
  const cells = cellsOf([
    [9_000, 10],
    [10_000, 20],
    [11_000, 5],
    [12_000, 8],
  ]);
  expect(stepValues(cells, 'rate', grid(1, 10_000))).toEqual([(10 + 5 + 3) / 3]);
});

test('a quantile lies between two values in proportion', () => {
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
  expect(quantile([10], 0.99)).toBe(10);
  expect(quantile([...Array(101).keys()], 0.95)).toBe(95);
});
