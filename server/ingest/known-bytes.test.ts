import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { KnownBytes } from './known-bytes.js';

const viewOf = (text: string): DataView => {
  const bytes = new TextEncoder().encode(text);
  return new DataView(bytes.buffer);
};
const get = (known: KnownBytes<string>, text: string) => known.get(viewOf(text), 0, viewOf(text).byteLength);
const set = (known: KnownBytes<string>, text: string) => known.set(viewOf(text), 0, viewOf(text).byteLength, text, 0);

test('bytes are known wherever they stand, and others are not', () => {
  const known = new KnownBytes<string>(1_000_000);
  set(known, 'job=node');
  expect(known.get(viewOf('xx job=node xx'), 3, 11)).toBe('job=node');
  for (const text of ['job=nodes', 'job=nod', 'jOb=node', 'job=nodE', '']) expect(get(known, text)).toBeUndefined();
});

test('the copy is its own: what becomes of the body does not matter', () => {
  const known = new KnownBytes<string>(1_000_000);
  const view = viewOf('job=node');
  known.set(view, 0, 8, 'value', 0);
  view.setUint8(0, 0);
  expect(get(known, 'job=node')).toBe('value');
  expect(known.get(view, 0, 8)).toBeUndefined();
});

test('whatever the order in which they come, bytes have the value of the same bytes, or none', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 9 });
  fc.assert(
    fc.property(fc.array(text, { maxLength: 60 }), (texts) => {
      const known = new KnownBytes<string>(1_000_000);
      const seen = new Set<string>();
      for (const one of texts) {
        expect(get(known, one)).toBe(seen.has(one) ? one : undefined);
        if (!seen.has(one)) set(known, one);
        seen.add(one);
      }
    }),
  );
});

test('more than may be kept is forgotten, the oldest first', () => {
  const known = new KnownBytes<string>(20_000);
  const texts = Array.from({ length: 1_000 }, (_, i) => `series ${i}`);
  for (const text of texts) set(known, text);
  const kept = texts.filter((text) => get(known, text) !== undefined);
  expect(kept.length).toBeGreaterThan(20);
  expect(kept.length).toBeLessThan(80);
  expect(kept).toEqual(texts.slice(-kept.length));
});
