import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeFrame, encodeFrame } from './frame-codec.js';
import type { Frame } from './protocol.js';

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const value = fc.oneof(finite, fc.integer({ min: -1000, max: 1000 }), fc.float({ noNaN: true, noDefaultInfinity: true }));
const row = fc.tuple(fc.integer({ min: 0, max: 100_000 }), value, fc.double({ min: 0, max: 1e6, noNaN: true }));
const names = fc.dictionary(fc.nat(9).map(String), fc.string({ unit: 'grapheme' }));

test('[P133] a frame comes out of its bytes as it went in, wherever they lie in a buffer', () => {
  fc.assert(
    fc.property(fc.array(row), fc.boolean(), fc.option(names), fc.nat(9), (rows, isRun, named, shift) => {
      const frame: Frame = {
        room: 'metrics:größe',
        t: 1_700_000_000_000.25,
        series: rows.map(([number], i) => (isRun ? i + 7 : number)),
        values: rows.map(([, one]) => one),
        ...(named && { ago: rows.map(([, , age]) => age), names: named, position: 'a1:7' as const }),
      };
      const bytes = encodeFrame(frame);
      const moved = new Uint8Array(bytes.length + shift);
      moved.set(bytes, shift);
      expect(decodeFrame(moved.subarray(shift))).toEqual(frame);
      expect(decodeFrame(bytes.buffer as ArrayBuffer)).toEqual(frame);
    }),
  );
});

test('[P133] bytes that are no frame are refused as invalid', () => {
  const bytes = encodeFrame({ room: 'metrics:a', t: 1, series: [1, 5], values: [0.1, 2] });
  for (let length = 0; length < bytes.length; length++) {
    expect(() => decodeFrame(bytes.subarray(0, length))).toThrow(expect.objectContaining({ code: 'invalid' }));
  }
  expect(() => decodeFrame(bytes.with(0, 9))).toThrow(expect.objectContaining({ code: 'invalid' }));
});

/** What a hundred series of one machine are as a list of objects, each with its name, labels, value and time. */
const samples = Array.from({ length: 100 }, (_, i) => ({
  name: 'node_cpu_seconds_total',
  labels: { cpu: String(i % 8), instance: 'web-1:9100', mode: ['idle', 'user', 'system', 'iowait'][i % 4]! },
  value: 1_000 * Math.abs(Math.sin(i + 1)),
  t: 1_700_000_000_000 + (i % 2) * 20,
}));

test.each([
  ['JSON columns', (frame: Frame) => Buffer.byteLength(JSON.stringify(['frame', frame]))],
  ['bytes', (frame: Frame) => encodeFrame(frame).length + '["frame:bytes",{"_placeholder":true,"num":0}]'.length],
])('[P54] [P133] a frame of 100 series as %s costs at most a quarter of the same as JSON objects', (_as, bytesOf) => {
  const t = Math.max(...samples.map((sample) => sample.t));
  const whole: Frame = {
    room: 'metrics:web-1',
    position: 'k3j4h5g6:123456',
    t,
    // Not a run: as a viewer of chosen series has them.
    series: samples.map((_, i) => i * 3),
    values: samples.map((sample) => sample.value),
    ago: samples.map((sample) => t - sample.t),
  };
  const asObjects = Buffer.byteLength(JSON.stringify(['samples', { room: whole.room, position: whole.position, samples }]));
  expect(bytesOf(whole)).toBeLessThanOrEqual(asObjects / 4);
});
