import type { Cell, Cells } from './rollup-cell.js';

/** How a cell is written: all figures, one value `count` times, one value once. */
const FULL = 0;
const STEADY = 1;
const SINGLE = 2;
const HEAD_BYTES = 3;
const BYTES = [HEAD_BYTES + 4 + 4 * 8, HEAD_BYTES + 4 + 8, HEAD_BYTES + 8] as const;

const formOf = ({ count, sum, min, max, last }: Cell): 0 | 1 | 2 => {
  if (count === 1) return SINGLE;
  return min === max && min === last && sum === count * last ? STEADY : FULL;
};

/**
 * The cells of one chunk, as they are stored. A cell is: a byte of form (upper 4 bits) and bucket (lower 4), the milliseconds of its
 * last value within the bucket (16 bits), its count (32 bits, not of a single one), and its values (64-bit floats); big-endian.
 * @param cells of that chunk only
 */
export function encodeChunk(cells: Cells, start: number, stepMs: number): Buffer {
  const sorted = [...cells].sort(([a], [b]) => a - b);
  const bytes = Buffer.allocUnsafe(sorted.reduce((sum, [, cell]) => sum + BYTES[formOf(cell)], 0));
  let at = 0;
  for (const [bucket, cell] of sorted) at = writeCell(bytes, at, cell, (bucket - start) / stepMs, bucket);
  return bytes;
}

function writeCell(bytes: Buffer, from: number, cell: Cell, number: number, bucket: number): number {
  const form = formOf(cell);
  let at = bytes.writeUInt8((form << 4) | number, from);
  at = bytes.writeUInt16BE(Math.floor(cell.lastT - bucket), at);
  if (form !== SINGLE) at = bytes.writeUInt32BE(Math.min(cell.count, 0xffff_ffff), at);
  at = bytes.writeDoubleBE(cell.last, at);
  if (form !== FULL) return at;
  at = bytes.writeDoubleBE(cell.sum, at);
  at = bytes.writeDoubleBE(cell.min, at);
  return bytes.writeDoubleBE(cell.max, at);
}

/** @throws RangeError when the bytes are cut short */
export function decodeChunk(bytes: Buffer, start: number, stepMs: number): Cells {
  const cells: Cells = new Map();
  for (let at = 0; at < bytes.length; ) {
    const head = bytes.readUInt8(at);
    const form = head >> 4;
    const bucket = start + (head & 15) * stepMs;
    cells.set(bucket, readCell(bytes, at, form, bucket));
    at += BYTES[form as 0 | 1 | 2] ?? bytes.length;
  }
  return cells;
}

function readCell(bytes: Buffer, at: number, form: number, bucket: number): Cell {
  const lastT = bucket + bytes.readUInt16BE(at + 1);
  const values = at + HEAD_BYTES + (form === SINGLE ? 0 : 4);
  const count = form === SINGLE ? 1 : bytes.readUInt32BE(at + HEAD_BYTES);
  const last = bytes.readDoubleBE(values);
  if (form !== FULL) return { count, sum: count * last, min: last, max: last, last, lastT };
  return {
    count,
    sum: bytes.readDoubleBE(values + 8),
    min: bytes.readDoubleBE(values + 16),
    max: bytes.readDoubleBE(values + 24),
    last,
    lastT,
  };
}
