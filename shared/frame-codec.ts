import { HubError } from './errors.js';
import type { Frame } from './protocol.js';

/**
 * A frame as bytes, little-endian, so that a reader takes its columns as they lie there:
 *
 * | bytes | what |
 * |---|---|
 * | 1 | version, 1 |
 * | 1 | flags: 1 the series are a run, 2 their numbers have 16 bits (else 32), 4 the values are floats of 32 bits (else 64), 8 there are ages |
 * | 2 | unused |
 * | 4 | bytes of the head |
 * | head | JSON in UTF-8: `{ room, t, count, position?, names? }`, with blanks up to a multiple of 8 |
 * | count × 4 or 8 | values, with zeros up to a multiple of 8 |
 * | count × 8 | ages in milliseconds, where there are any |
 * | count × 2 or 4 | numbers of the series; of a run, the first one only |
 */
const VERSION = 1;
const FIXED_BYTES = 8;
const FLAGS = { run: 1, numbers16: 2, floats32: 4, ages: 8 } as const;
const LARGEST_16 = 0xffff;

const padded = (bytes: number): number => (bytes + 7) & ~7;

interface Head extends Pick<Frame, 'room' | 't' | 'position' | 'names'> {
  readonly count: number;
}

/** A column's type by what is in it. */
const valuesIn = (flags: number) => (flags & FLAGS.floats32 ? Float32Array : Float64Array);
const numbersIn = (flags: number) => (flags & FLAGS.numbers16 ? Uint16Array : Uint32Array);

/** The frame, exactly: values that fit into 32 bits without loss have 32. */
export function encodeFrame({ series, values, ago, ...rest }: Frame): Uint8Array {
  const flags = flagsOf(series, values, ago);
  const head = headOf({ ...rest, count: values.length });
  const Values = valuesIn(flags);
  const Numbers = numbersIn(flags);
  const numbers = flags & FLAGS.run ? series.slice(0, 1) : series;
  const valuesAt = FIXED_BYTES + head.length;
  const agesAt = valuesAt + padded(values.length * Values.BYTES_PER_ELEMENT);
  const numbersAt = agesAt + (ago ? ago.length * Float64Array.BYTES_PER_ELEMENT : 0);
  const bytes = new Uint8Array(numbersAt + numbers.length * Numbers.BYTES_PER_ELEMENT);
  bytes[0] = VERSION;
  bytes[1] = flags;
  new DataView(bytes.buffer).setUint32(4, head.length, true);
  bytes.set(head, FIXED_BYTES);
  new Values(bytes.buffer, valuesAt, values.length).set(values);
  if (ago) new Float64Array(bytes.buffer, agesAt, ago.length).set(ago);
  new Numbers(bytes.buffer, numbersAt, numbers.length).set(numbers);
  return bytes;
}

/**
 * What `encodeFrame` made.
 * @throws HubError `invalid` for bytes that are no frame of this version
 */
export function decodeFrame(given: Uint8Array | ArrayBuffer): Frame {
  try {
    return read(given);
  } catch {
    throw new HubError('invalid', 'the bytes are no frame');
  }
}

function read(given: Uint8Array | ArrayBuffer): Frame {
  // Of other bytes a copy, which begins at a multiple of 8 as the columns have to.
  const bytes = new Uint8Array(given as Uint8Array);
  const [version, flags = 0] = bytes;
  if (version !== VERSION) throw new RangeError(`version ${version}`);
  const headBytes = new DataView(bytes.buffer).getUint32(4, true);
  const valuesAt = FIXED_BYTES + headBytes;
  const { count, ...head }: Head = JSON.parse(new TextDecoder().decode(bytes.subarray(FIXED_BYTES, valuesAt)));
  const Values = valuesIn(flags);
  const Numbers = numbersIn(flags);
  const agesAt = valuesAt + padded(count * Values.BYTES_PER_ELEMENT);
  const hasAges = (flags & FLAGS.ages) !== 0;
  const numbersAt = agesAt + (hasAges ? count * Float64Array.BYTES_PER_ELEMENT : 0);
  const values = [...new Values(bytes.buffer, valuesAt, count)];
  const isRun = (flags & FLAGS.run) !== 0;
  const numbers = new Numbers(bytes.buffer, numbersAt, isRun ? Math.min(count, 1) : count);
  const series = isRun ? Array.from({ length: count }, (_, i) => (numbers[0] ?? 0) + i) : [...numbers];
  const frame: Frame = { ...head, series, values };
  if (hasAges) frame.ago = [...new Float64Array(bytes.buffer, agesAt, count)];
  return frame;
}

function flagsOf(series: readonly number[], values: readonly number[], ago: readonly number[] | undefined): number {
  const first = series[0] ?? 0;
  const isRun = series.every((number, i) => number === first + i);
  const is16 = series.every((number) => number <= LARGEST_16);
  const is32 = values.every((value) => Math.fround(value) === value);
  return (isRun ? FLAGS.run : 0) | (is16 ? FLAGS.numbers16 : 0) | (is32 ? FLAGS.floats32 : 0) | (ago ? FLAGS.ages : 0);
}

/** Blanks behind it fill up to where the columns may begin. */
function headOf(head: Head): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(head));
  const bytes = new Uint8Array(padded(json.length)).fill(0x20);
  bytes.set(json);
  return bytes;
}
