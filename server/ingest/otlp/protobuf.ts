import { type ReadField, readProtobuf } from '../protobuf.js';
import type { OtlpValue } from './attributes.js';
import { ItemBudget, pushBounded } from './budget.js';
import type { Batch, LogRecord, Metric, OtlpReader, Scope, Unread } from './model.js';
import { readMetric } from './protobuf-metrics.js';
import { readPair, readValue } from './protobuf-values.js';

type Attribute = readonly [string, OtlpValue];

interface MutableScope extends Scope {
  name: string;
  version: string;
  readonly attributes: Attribute[];
}

interface ScopeSlot<Item> {
  readonly scope: MutableScope;
  readonly items: Item[];
}

interface ResourceSlot<Item> {
  readonly resource: Attribute[];
  readonly scopes: ScopeSlot<Item>[];
}

const readResource: ReadField<Attribute[]> = (field, attributes, reader) => {
  if (field === 1) pushBounded(attributes, readPair(reader));
};

const readScope: ReadField<MutableScope> = (field, scope, reader) => {
  if (field === 1) scope.name = reader.readString();
  else if (field === 2) scope.version = reader.readString();
  else if (field === 3) pushBounded(scope.attributes, readPair(reader));
};

/** Both requests have one shape: resources, their scopes, and the scopes' items. */
function readBatches<Item>(body: Uint8Array, readItem: (bytes: Uint8Array, budget: ItemBudget) => Item): Batch<Item>[] {
  const budget = new ItemBudget();
  const readScopeItems: ReadField<ScopeSlot<Item>> = (field, slot, reader) => {
    if (field === 1) reader.readMessage(readScope, slot.scope);
    else if (field === 2) {
      budget.spend();
      slot.items.push(readItem(reader.readBytes(), budget));
    }
  };
  const readResourceScopes: ReadField<ResourceSlot<Item>> = (field, slot, reader) => {
    if (field === 1) reader.readMessage(readResource, slot.resource);
    else if (field === 2) {
      budget.spend();
      const scope = { name: '', version: '', attributes: [] };
      slot.scopes.push(reader.readMessage(readScopeItems, { scope, items: [] }));
    }
  };
  const readRequest: ReadField<ResourceSlot<Item>[]> = (field, resources, reader) => {
    if (field !== 1) return;
    budget.spend();
    resources.push(reader.readMessage(readResourceScopes, { resource: [], scopes: [] }));
  };
  const resources = readProtobuf<ResourceSlot<Item>[]>(body, readRequest, []);
  return resources.flatMap(({ resource, scopes }) => scopes.map(({ scope, items }) => ({ resource, scope, items })));
}

type MutableRecord = { -readonly [Key in keyof LogRecord]: LogRecord[Key] } & { attributes: Attribute[] };

/** An id that is there: of zeros only, or of another length, it is none. */
const idOf = (bytes: Uint8Array, length: number): string =>
  bytes.length === length && bytes.some((byte) => byte !== 0) ? Buffer.from(bytes).toString('hex') : '';

const readRecordField: ReadField<MutableRecord> = (field, record, reader) => {
  if (field === 1) record.timeNs = reader.readFixed64();
  else if (field === 2) record.severity = reader.readVarint();
  else if (field === 3) record.severityText = reader.readString();
  else if (field === 5) record.body = readValue(reader);
  else if (field === 6) pushBounded(record.attributes, readPair(reader));
  else if (field === 9) record.traceId = idOf(reader.readBytes(), 16);
  else if (field === 10) record.spanId = idOf(reader.readBytes(), 8);
  else if (field === 11) record.observedNs = reader.readFixed64();
  else if (field === 12) record.eventName = reader.readString();
};

const readRecord = (bytes: Uint8Array): LogRecord =>
  readProtobuf<MutableRecord>(bytes, readRecordField, {
    timeNs: 0,
    observedNs: 0,
    severity: 0,
    severityText: '',
    eventName: '',
    body: null,
    attributes: [],
    traceId: '',
    spanId: '',
  });

/** OTLP in protobuf. The request's outline is read at once, so that one that is cut short is refused as a whole; points and records later. */
export const PROTOBUF_READER: OtlpReader = {
  metrics: (body, known) => readBatches<Metric>(body, (bytes, budget) => readMetric(bytes, budget, known)),
  logs: (body) => readBatches<Unread<LogRecord>>(body, (bytes) => () => readRecord(bytes)),
};
