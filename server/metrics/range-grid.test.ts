import { expect, test } from '@jest/globals';
import { chooseGrid } from './range-grid.js';
import { rollupLevels } from './rollups/rollup-levels.js';

const HOUR = 3_600_000;
const LEVELS = rollupLevels([HOUR, 6 * HOUR, 48 * HOUR]);
const NOW = 1_800_000_000_000;
const grid = (ago: number, stepMs?: number, levels = LEVELS) => {
  const { stepMs: step, steps, level } = chooseGrid({ from: NOW - ago, to: NOW, stepMs }, NOW, levels);
  return { step, steps, level: level?.stepMs };
};

test('steps that nobody named are round, about 300, and made from the coarsest buckets that fill them', () => {
  expect(grid(15 * 60_000)).toEqual({ step: 3_000, steps: 301, level: 1_000 });
  expect(grid(HOUR)).toEqual({ step: 20_000, steps: 181, level: 10_000 });
  expect(grid(24 * HOUR)).toEqual({ step: 300_000, steps: 289, level: 60_000 });
  expect(grid(0)).toEqual({ step: 1_000, steps: 1, level: 1_000 });
});

test('where the past is not kept as finely as asked for, the steps are longer', () => {
  expect(grid(HOUR, 1_000)).toMatchObject({ step: 1_000, level: 1_000 });
  expect(grid(2 * HOUR, 1_000)).toMatchObject({ step: 10_000, level: 10_000 });
  expect(grid(24 * HOUR, 15_000)).toMatchObject({ step: 60_000, level: 60_000 });
  expect(grid(1_000 * HOUR, HOUR)).toMatchObject({ step: HOUR, level: 60_000 });
});

test('a step that no coarser level fills is made from a finer one', () => {
  expect(grid(HOUR, 15_000)).toMatchObject({ step: 15_000, level: 1_000 });
  expect(grid(3 * HOUR, 15_000)).toMatchObject({ step: 20_000, level: 10_000 });
});

test('steps shorter than all buckets, and all where nothing is rolled up, are made from the samples', () => {
  expect(grid(60_000, 250)).toEqual({ step: 250, steps: 241, level: undefined });
  expect(grid(HOUR, 60_000, [])).toMatchObject({ level: undefined });
});

test('too many steps are refused, and so is a range that ends before it begins', () => {
  expect(() => grid(60_000, 5)).toThrow(expect.objectContaining({ code: 'too_large' }));
  expect(() => grid(-1)).toThrow(expect.objectContaining({ code: 'invalid' }));
});
