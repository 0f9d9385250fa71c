import { SERIES_CHARS } from '../../../shared/series-name.js';
import { KnownBytes } from '../known-bytes.js';
import { type ProtobufReader, type ReadField, readProtobuf } from '../protobuf.js';
import { type Attributes, textOf } from './attributes.js';

/** The attributes of a point; the same object for all points whose attributes were recognised as the same. */
export class PointAttributes {
  #key: string | undefined;

  constructor(readonly list: Attributes) {}

  /** A text that no other attributes have; undefined when no series could have so many. */
  get key(): string | undefined {
    this.#key ??= keyOf(this.list);
    return this.#key;
  }
}

function keyOf(attributes: Attributes): string | undefined {
  let key = '';
  for (const [name, value] of attributes) {
    const text = textOf(value);
    key += `${name.length}:${name}${text.length}:${text}`;
    if (key.length > 2 * SERIES_CHARS) return undefined;
  }
  return key;
}

const NONE = new PointAttributes([]);
/** Attributes of more bytes are of no series, or of few. */
const KNOWN_BYTES = 8 * 1024;
const CACHE_BYTES = 64 * 1024 * 1024;
/** What an attribute takes beside its texts, and its texts beside the bytes that they were read from, roughly. */
const ATTRIBUTE_BYTES = 100;
const TEXT_BYTES = 3;

/** Attributes that came before, recognised by their bytes in protobuf: most points are of series that came before. Bounded. */
export class KnownAttributes {
  readonly #known: KnownBytes<PointAttributes>;

  constructor(maxBytes = CACHE_BYTES) {
    this.#known = new KnownBytes(maxBytes);
  }

  /**
   * @param from where the tag of the first attribute stands, `to` where the last one ends; both 0: there are none
   * @param read reads them, and passes over what may stand between them
   * @throws HubError as `read`
   */
  of({ buf, dataView }: ProtobufReader, from: number, to: number, read: ReadField<Attributes[number][]>): PointAttributes {
    if (to === 0) return NONE;
    const bytes = to - from;
    const known = bytes <= KNOWN_BYTES ? this.#known.get(dataView, from, to) : undefined;
    if (known) return known;
    const attributes = new PointAttributes(readProtobuf<Attributes[number][]>(buf.subarray(from, to), read, []));
    if (bytes <= KNOWN_BYTES)
      this.#known.set(dataView, from, to, attributes, TEXT_BYTES * bytes + ATTRIBUTE_BYTES * attributes.list.length);
    return attributes;
  }
}
