import { HubError } from '../../../shared/errors.js';
import { type ReadField, readProtobuf } from '../protobuf.js';
import { checkItems, type LokiEntry, type LokiStream, parseLabels } from './push.js';

// The numbers of the fields. Source: github.com/grafana/loki, pkg/push/push.proto.

interface Stamp {
  seconds: number;
  nanos: number;
}
interface Entry {
  stamp: Stamp | undefined;
  line: string;
  metadata: [string, string][];
}
interface Push {
  readonly streams: LokiStream[];
  items: number;
}
interface Stream {
  readonly push: Push;
  labels: string;
  readonly entries: LokiEntry[];
}

const readStamp: ReadField<Stamp> = (field, stamp, reader) => {
  if (field === 1) stamp.seconds = reader.readVarint(true);
  else if (field === 2) stamp.nanos = reader.readVarint(true);
};

const readPair: ReadField<[string, string]> = (field, pair, reader) => {
  if (field === 1 || field === 2) pair[field - 1] = reader.readString();
};

const readEntry: ReadField<Entry> = (field, entry, reader) => {
  if (field === 1) entry.stamp = reader.readMessage(readStamp, { seconds: 0, nanos: 0 });
  else if (field === 2) entry.line = reader.readString();
  else if (field === 3) entry.metadata.push(reader.readMessage(readPair, ['', '']));
};

const readStream: ReadField<Stream> = (field, stream, reader) => {
  if (field === 1) stream.labels = reader.readString();
  else if (field === 2) {
    checkItems(++stream.push.items);
    stream.entries.push(toEntry(reader.readMessage(readEntry, { stamp: undefined, line: '', metadata: [] })));
  }
};

const readPush: ReadField<Push> = (field, push, reader) => {
  if (field !== 1) return;
  checkItems(++push.items);
  const { streams } = push;
  const { labels, entries } = reader.readMessage(readStream, { push, labels: '', entries: [] });
  const parsed = parseLabels(labels);
  if (!parsed) throw new HubError('invalid', `stream ${streams.length + 1}: the labels are not of the form {name="value"}`);
  streams.push({ labels: parsed, entries });
};

function toEntry({ stamp, line, metadata }: Entry): LokiEntry {
  const time = stamp ? stamp.seconds * 1_000 + stamp.nanos / 1e6 : Number.NaN;
  return { time, line, metadata: Object.fromEntries(metadata) };
}

/**
 * Reads a push in protobuf, unpacked.
 * @throws HubError `invalid`, `too_large`
 */
export const readLokiProtobuf = (bytes: Uint8Array): LokiStream[] => readProtobuf(bytes, readPush, { streams: [], items: 0 }).streams;
