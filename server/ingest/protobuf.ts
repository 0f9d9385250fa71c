import { PbfReader } from 'pbf';
import { HubError } from '../../shared/errors.js';

/** Reads one field of a message into `into` with the methods of `reader`; a field that it leaves alone is skipped. */
export type ReadField<T> = (field: number, into: T, reader: ProtobufReader) => void;

/** Messages within messages at most, as in Google's own readers. */
const MAX_DEPTH = 100;

/** What pbf leaves to its callers: that no message reaches over the end of the one it is in, and how deep they are. */
export class ProtobufReader extends PbfReader {
  #end = this.length;
  #depth = 0;

  override readFields<T>(readField: ReadField<T>, result: T, end = this.length): T {
    const outer = this.#end;
    if (end > outer || this.#depth >= MAX_DEPTH) throw malformed();
    this.#end = end;
    this.#depth++;
    for (let field = this.nextField(end); field !== 0; field = this.nextField(end)) {
      readField(field, result, this);
      if (this.pos > end) throw malformed();
    }
    if (this.pos !== end) throw malformed();
    this.#depth--;
    this.#end = outer;
    return result;
  }

  override readMessage<T>(readField: ReadField<T>, result: T): T {
    return this.readFields(readField, result, this.readVarint() + this.pos);
  }

  /**
   * Reads a message that was stepped over, from `from` up to `to`: what is wrong with it is told now, and only of it.
   * @throws HubError as `readProtobuf`
   */
  readAt<T>(from: number, to: number, readField: ReadField<T>, into: T): T {
    this.pos = from;
    this.#end = to;
    this.#depth = 0;
    return orMalformed(() => this.readFields(readField, into, to));
  }
}

/**
 * Reads a protobuf message. Messages within it are read with `reader.readMessage(readField, into)`. An unknown field is skipped. 64-bit
 * numbers are exact up to 2^53. Source: protobuf.dev/programming-guides/encoding.
 * @throws HubError `invalid` when it is truncated, malformed or more than 100 deep; as `read`
 */
export const readProtobuf = <T>(bytes: Uint8Array, read: ReadField<T>, into: T): T =>
  orMalformed(() => new ProtobufReader(bytes).readFields(read, into));

function orMalformed<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    // pbf throws plain errors and RangeErrors for what it cannot read; a TypeError is a fault of ours.
    if (error instanceof HubError || error instanceof TypeError) throw error;
    throw malformed();
  }
}

const malformed = () => new HubError('invalid', 'the body is no whole protobuf message');
