import { expect, test } from '@jest/globals';
import { compressSync } from 'snappy';
import { unpackSnappy } from './snappy.js';

const codeOf = (block: Buffer, maxBytes = 1_000): unknown => {
  try {
    return unpackSnappy(block, maxBytes).length;
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

test('a block is unpacked up to the limit', () => {
  const text = Buffer.from('label '.repeat(100));
  expect(unpackSnappy(compressSync(text), 600)).toEqual(text);
  expect(unpackSnappy(compressSync(text), 0)).toEqual(text);
  expect(codeOf(compressSync(text), 599)).toBe('too_large');
  expect(unpackSnappy(compressSync(''), 600)).toHaveLength(0);
});

test('the declared size is checked before anything is unpacked', () => {
  const bomb = compressSync(Buffer.alloc(50_000_000));
  const before = process.memoryUsage().arrayBuffers;
  expect(codeOf(bomb, 1_000_000)).toBe('too_large');
  // Four gigabytes by its own word, in a block that cannot hold them.
  expect(codeOf(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00]), 0)).toBe('invalid');
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
});

test('what is no block is told so', () => {
  const block = compressSync(Buffer.from('label '.repeat(100)));
  expect(codeOf(block.subarray(0, -1))).toBe('invalid');
  expect(codeOf(Buffer.alloc(0))).toBe('invalid');
  expect(codeOf(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))).toBe('invalid');
  expect(codeOf(Buffer.from('\x0fnot packed at all'))).toBe('invalid');
});
