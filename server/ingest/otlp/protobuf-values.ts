import { HubError } from '../../../shared/errors.js';
import type { ProtobufReader, ReadField } from '../protobuf.js';
import type { OtlpValue } from './attributes.js';
import { pushBounded } from './budget.js';
import { VALUE_LEVELS } from './model.js';

interface ValueSlot {
  value: OtlpValue;
  readonly level: number;
}

interface ListSlot<Item> {
  readonly items: Item[];
  readonly level: number;
}

interface PairSlot extends ValueSlot {
  key: string;
}

type Pair = readonly [string, OtlpValue];

/** One level further in. @throws HubError `too_deep` */
function within(level: number): number {
  if (level >= VALUE_LEVELS) throw new HubError('too_deep', `a value has at most ${VALUE_LEVELS} levels`);
  return level + 1;
}

/** A number that JSON can carry, else its name. */
export const finiteOrName = (value: number): OtlpValue => (Number.isFinite(value) ? value : String(value));

/** An `int64`: past 2^53 as text, so that no digit is lost. */
function readInt64(reader: ProtobufReader): OtlpValue {
  const start = reader.pos;
  const value = reader.readVarint(true);
  if (Number.isSafeInteger(value)) return value;
  let bits = 0n;
  for (let at = reader.pos - 1; at >= start; at--) bits = (bits << 7n) | BigInt((reader.buf[at] ?? 0) & 0x7f);
  return String(BigInt.asIntN(64, bits));
}

const readValueField: ReadField<ValueSlot> = (field, slot, reader) => {
  if (field === 1) slot.value = reader.readString();
  else if (field === 2) slot.value = reader.readBoolean();
  else if (field === 3) slot.value = readInt64(reader);
  else if (field === 4) slot.value = finiteOrName(reader.readDouble());
  else if (field === 5) slot.value = reader.readMessage(readListField, { items: [], level: within(slot.level) }).items;
  else if (field === 6) slot.value = Object.fromEntries(reader.readMessage(readMapField, { items: [], level: within(slot.level) }).items);
  else if (field === 7) slot.value = Buffer.from(reader.readBytes()).toString('base64');
};

const readListField: ReadField<ListSlot<OtlpValue>> = (field, { items, level }, reader) => {
  if (field === 1) pushBounded(items, readValue(reader, level));
};

const readMapField: ReadField<ListSlot<Pair>> = (field, { items, level }, reader) => {
  if (field === 1) pushBounded(items, readPair(reader, level));
};

const readPairField: ReadField<PairSlot> = (field, slot, reader) => {
  if (field === 1) slot.key = reader.readString();
  else if (field === 2) slot.value = readValue(reader, slot.level);
};

/** An AnyValue. @throws HubError `too_deep` */
export function readValue(reader: ProtobufReader, level = 0): OtlpValue {
  return reader.readMessage(readValueField, { value: null, level }).value;
}

/** A KeyValue. @throws HubError `too_deep` */
export function readPair(reader: ProtobufReader, level = 0): Pair {
  const { key, value } = reader.readMessage(readPairField, { key: '', value: null, level });
  return [key, value];
}
