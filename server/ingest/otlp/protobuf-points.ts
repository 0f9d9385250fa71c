import type { ProtobufReader, ReadField } from '../protobuf.js';
import type { Attributes } from './attributes.js';
import { type ItemBudget, pushBounded } from './budget.js';
import type { Point, UnreadList } from './model.js';
import type { KnownAttributes } from './point-attributes.js';
import { readPair } from './protobuf-values.js';

interface PointSlot<Data> {
  /** From the tag of the first attribute to the end of the last one; 0 and 0: there are none. */
  attributesFrom: number;
  attributesTo: number;
  startNs: number;
  timeNs: number;
  recorded: boolean;
  data: Data;
}

/** The fields of a point that have another number in each kind; start and time are 2 and 3 in all of them. */
export interface PointShape<Data> {
  readonly attributes: number;
  readonly flags: number;
  readonly empty: () => Data;
  readonly read: (field: number, slot: PointSlot<Data>, reader: ProtobufReader) => void;
}

/** The flag of a point without a value. Source: `DataPointFlags` in metrics.proto. */
export const NO_RECORDED_VALUE = 1;

/** Where the points of one request are read from, and what is known of those before. */
export interface PointSource {
  readonly reader: ProtobufReader;
  readonly attributes: KnownAttributes;
  readonly budget: ItemBudget;
}

/** How the points of one kind are read. */
export interface PointReader<Data> {
  readonly newSlot: () => PointSlot<Data>;
  readonly readField: ReadField<PointSlot<Data>>;
  readonly readAttribute: ReadField<Attributes[number][]>;
}

/** How to read the points of a kind whose fields have these numbers. */
export function pointReader<Data>({ attributes, flags, empty, read }: PointShape<Data>): PointReader<Data> {
  return {
    newSlot: () => ({ attributesFrom: 0, attributesTo: 0, startNs: 0, timeNs: 0, recorded: true, data: empty() }),
    readField: (field, slot, reader) => {
      if (field === attributes) {
        if (slot.attributesTo === 0) slot.attributesFrom = reader.pos - 1;
        reader.skip(reader.type);
        slot.attributesTo = reader.pos;
      } else if (field === 2) slot.startNs = reader.readFixed64();
      else if (field === 3) slot.timeNs = reader.readFixed64();
      else if (field === flags) slot.recorded = (reader.readVarint() & NO_RECORDED_VALUE) === 0;
      else read(field, slot, reader);
    },
    readAttribute: (field, list, reader) => {
      if (field === attributes) pushBounded(list, readPair(reader));
    },
  };
}

/** The points of a metric, which are stepped over first. */
class UnreadPoints<Data> implements UnreadList<Point<Data>> {
  /** Where each begins and ends. */
  readonly #bounds: number[] = [];

  constructor(
    private readonly source: PointSource,
    private readonly kind: PointReader<Data>,
  ) {}

  get length(): number {
    return this.#bounds.length / 2;
  }

  /** Steps over the point that the reader stands before. @throws HubError `too_large` past the budget */
  stepOver(): void {
    const { reader, budget } = this.source;
    budget.spend();
    const to = reader.readVarint() + reader.pos;
    this.#bounds.push(reader.pos, to);
    reader.pos = to;
  }

  read(at: number): Point<Data> {
    const { reader, attributes: known } = this.source;
    const { newSlot, readField, readAttribute } = this.kind;
    const slot = reader.readAt(this.#bounds[2 * at] ?? 0, this.#bounds[2 * at + 1] ?? 0, readField, newSlot());
    const attributes = known.of(reader, slot.attributesFrom, slot.attributesTo, readAttribute);
    return { attributes, startNs: slot.startNs, timeNs: slot.timeNs, recorded: slot.recorded, data: slot.data };
  }
}

/** What the kinds of a metric's data have in common; gauges and summaries have no use for the rest. */
interface PointsSlot<Data> {
  readonly points: UnreadPoints<Data>;
  temporality: number;
  monotonic: boolean;
}

/**
 * The data of a metric, which the reader stands before; its points are read later.
 * @throws HubError `too_large` past the budget
 */
export function readPoints<Data>(source: PointSource, kind: PointReader<Data>): PointsSlot<Data> {
  const readField: ReadField<PointsSlot<Data>> = (field, slot, reader) => {
    if (field === 1) slot.points.stepOver();
    else if (field === 2) slot.temporality = reader.readVarint();
    else if (field === 3) slot.monotonic = reader.readBoolean();
  };
  return source.reader.readMessage(readField, { points: new UnreadPoints(source, kind), temporality: 0, monotonic: false });
}
