import type { RoomName } from '../../shared/rooms.js';
import { decodeEntry, type EncodedBody } from './entry-codec.js';
import type { LogEntry } from './room-log.js';

/** A body with its size as it is stored. */
export interface StoredBody {
  readonly body: EncodedBody;
  readonly bytes: number;
}

/** No double in big-endian order that is a time begins with it: so begins an entry that was stored by itself. */
const CHUNK_MARK = 0xff;
const TIME_AT = 1;
const COUNT_AT = 9;
const SIZES_AT = 13;
const SIZE_BYTES = 4;
/** An entry by itself: 8 bytes of time (float64, big-endian), then the body. */
const SINGLE_START = 8;
/** A chunk is read as a whole: it stays small enough that a page of a few messages costs little. */
const MAX_ENTRIES = 128;
const MAX_BYTES = 32 * 1024;

/** Cuts entries into as few chunks as their bounds allow; one that is large is a chunk by itself. Gives where each chunk ends. */
export function chunkEnds(entries: readonly StoredBody[]): number[] {
  const ends: number[] = [];
  let start = 0;
  let bytes = 0;
  entries.forEach((entry, i) => {
    if (i > start && (i - start === MAX_ENTRIES || bytes + entry.bytes > MAX_BYTES)) {
      ends.push(i);
      start = i;
      bytes = 0;
    }
    bytes += entry.bytes;
  });
  if (entries.length > 0) ends.push(entries.length);
  return ends;
}

/** Consecutive entries of a room, of one time, as one value: the mark, time (float64), count (uint32), each one's bytes (uint32), their bodies; little-endian. */
export function packChunk(time: number, entries: readonly StoredBody[]): Buffer {
  const bodiesAt = SIZES_AT + SIZE_BYTES * entries.length;
  const packed = Buffer.allocUnsafe(entries.reduce((sum, { bytes }) => sum + bytes, bodiesAt));
  packed[0] = CHUNK_MARK;
  packed.writeDoubleLE(time, TIME_AT);
  packed.writeUInt32LE(entries.length, COUNT_AT);
  let at = bodiesAt;
  entries.forEach(({ body, bytes }, i) => {
    packed.writeUInt32LE(bytes, SIZES_AT + SIZE_BYTES * i);
    if (typeof body !== 'string') body.copy(packed, at);
    // Most text is ASCII, which is copied as it is.
    else packed.write(body, at, body.length === bytes ? 'latin1' : 'utf8');
    at += bytes;
  });
  return packed;
}

/** The value under `[n, last]`, as a chunk: of one entry where it is one that was stored by itself. */
export class Chunk {
  readonly first: number;
  /** Milliseconds since 1970, of all its entries. */
  readonly time: number;
  /** Where each entry begins, and behind them the end. */
  readonly #starts: readonly number[];

  constructor(
    private readonly value: Buffer,
    readonly last: number,
  ) {
    const isChunk = value[0] === CHUNK_MARK;
    this.time = isChunk ? value.readDoubleLE(TIME_AT) : value.readDoubleBE();
    this.#starts = isChunk ? startsOf(value) : [SINGLE_START, value.length];
    this.first = last - this.#starts.length + 2;
  }

  bytesOf(seq: number): number {
    const i = seq - this.first;
    return this.#starts[i + 1]! - this.#starts[i]!;
  }

  entry(room: RoomName, epoch: string, seq: number): LogEntry {
    const i = seq - this.first;
    return decodeEntry(this.value, { room, epoch, seq, time: this.time }, this.#starts[i], this.#starts[i + 1]);
  }
}

function startsOf(value: Buffer): number[] {
  const count = value.readUInt32LE(COUNT_AT);
  const starts = [SIZES_AT + SIZE_BYTES * count];
  for (let i = 0; i < count; i++) starts.push(starts[i]! + value.readUInt32LE(SIZES_AT + SIZE_BYTES * i));
  return starts;
}
