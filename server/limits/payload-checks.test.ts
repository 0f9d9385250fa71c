import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkPayload } from './payload-checks.js';

const LIMITS = { depth: 32, bytes: 256 * 1024 };
const codeOf = (payload: unknown, limits = LIMITS): string | undefined => {
  try {
    checkPayload(payload, limits);
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
};
const nested = (levels: number): unknown => {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = i % 2 ? [value] : { a: value };
  return value;
};

test('32 levels pass, 33 do not, and a hundred thousand neither, without a stack overflow', () => {
  expect(codeOf(nested(32))).toBeUndefined();
  expect(codeOf(nested(33))).toBe('too_deep');
  expect(codeOf(nested(100_000))).toBe('too_deep');
  expect(codeOf(nested(500), { depth: 0, bytes: 0 })).toBeUndefined();
  expect(codeOf(nested(513), { depth: 0, bytes: 0 })).toBe('too_deep');
});

test('a value that holds itself is too deep, however it branches', () => {
  const cycle: Record<string, unknown> = {};
  cycle.again = cycle;
  expect(codeOf(cycle)).toBe('too_deep');
  let wide: unknown = 'x';
  for (let i = 0; i < 31; i++) wide = [wide, wide, wide, wide];
  expect(codeOf(wide)).toBe('too_large');
});

test('the keys that change what all objects have are refused at every depth', () => {
  for (const key of ['__proto__', 'constructor', 'prototype']) {
    expect(codeOf(JSON.parse(`{"a":[{"${key}":{"polluted":1}}]}`))).toBe('invalid');
  }
  expect(codeOf({ proto: 1, Constructor: 2, text: '__proto__' })).toBeUndefined();
});

test('values that are no JSON are refused, and undefined fields are as good as absent', () => {
  for (const bad of [undefined, () => 1, Symbol('x'), 1n, Number.NaN, Number.POSITIVE_INFINITY, new Map(), /x/, [undefined]]) {
    expect(codeOf(bad)).toBe('invalid');
    expect(codeOf(bad === undefined ? [bad] : { a: bad })).toBe('invalid');
  }
  expect(codeOf({ a: undefined })).toBeUndefined();
  expect(codeOf({ at: new Date(0) })).toBeUndefined();
});

test('binary is a leaf with its bytes', () => {
  const binary = [Buffer.alloc(1_000), new Float32Array(250), new ArrayBuffer(1_000)];
  for (const value of binary) {
    expect(codeOf({ value }, { depth: 1, bytes: 1_100 })).toBeUndefined();
    expect(codeOf({ value }, { depth: 1, bytes: 900 })).toBe('too_large');
  }
});

test('long texts count by their bytes', () => {
  expect(codeOf('é'.repeat(600), { depth: 32, bytes: 1_000 })).toBe('too_large');
  expect(codeOf('e'.repeat(600), { depth: 32, bytes: 1_000 })).toBeUndefined();
});

test('any JSON value passes within its own size and a margin, and not within a small part of it', () => {
  const value = fc.jsonValue({ maxDepth: 8 });
  fc.assert(
    fc.property(value, (payload) => {
      const parsed = JSON.parse(JSON.stringify(payload));
      const refusedKey = /"(__proto__|constructor|prototype)":/.test(JSON.stringify(payload));
      const bytes = Buffer.byteLength(JSON.stringify(payload));
      expect(codeOf(parsed, { depth: 32, bytes: 64 + bytes * 8 })).toBe(refusedKey ? 'invalid' : undefined);
      if (!refusedKey && bytes > 40) expect(codeOf(parsed, { depth: 32, bytes: Math.floor(bytes / 8) })).toBe('too_large');
    }),
  );
});
