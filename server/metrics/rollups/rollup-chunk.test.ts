import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addSample, type Cells } from './rollup-cell.js';
import { decodeChunk, encodeChunk } from './rollup-chunk.js';
import { CHUNK_BUCKETS, ROLLUP_STEPS_MS } from './rollup-levels.js';

const START = 1_799_999_100_000;
// A chunk does not keep the sign of a zero: the sum with 0 has none.
const value = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(0, 1, 1.5)).map((sample) => sample + 0);

test('a chunk is read as it was written, at every level', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...ROLLUP_STEPS_MS),
      fc.array(fc.tuple(fc.integer({ min: 0, max: CHUNK_BUCKETS - 1 }), fc.double({ min: 0, max: 0.999, noNaN: true }), value), {
        maxLength: 60,
      }),
      (stepMs, samples) => {
        const cells: Cells = new Map();
        for (const [bucket, within, sample] of samples) addSample(cells, stepMs, sample, START + (bucket + within) * stepMs);
        const whole = new Map([...cells].map(([bucket, cell]) => [bucket, { ...cell, lastT: Math.floor(cell.lastT) }]));
        expect(decodeChunk(encodeChunk(cells, START, stepMs), START, stepMs)).toEqual(whole);
      },
    ),
  );
});

test('a value that stands still, and a single one, take a few bytes', () => {
  const cells: Cells = new Map();
  const bytes = () => encodeChunk(cells, START, 1_000).length;
  addSample(cells, 1_000, 5, START);
  expect(bytes()).toBe(11);
  addSample(cells, 1_000, 5, START + 500);
  expect(bytes()).toBe(15);
  addSample(cells, 1_000, 6, START + 600);
  expect(bytes()).toBe(39);
});

test('bytes that are cut short are an error, not figures', () => {
  const cells: Cells = new Map();
  addSample(cells, 1_000, 5, START);
  expect(() => decodeChunk(encodeChunk(cells, START, 1_000).subarray(0, 9), START, 1_000)).toThrow(/out of range/);
});
