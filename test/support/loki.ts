import { PbfWriter } from 'pbf';
import { compressSync } from 'snappy';

export interface PushedEntry {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly line: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A push as Promtail packs it: labels as a text, entries with seconds and nanoseconds, protobuf, a block of snappy. */
export function lokiPush(streams: readonly (readonly [labels: string, entries: readonly PushedEntry[]])[]): Buffer {
  return compressSync(lokiMessage(streams));
}

/** The same, not packed. */
export function lokiMessage(streams: readonly (readonly [labels: string, entries: readonly PushedEntry[]])[]): Uint8Array {
  const writer = new PbfWriter();
  for (const [labels, entries] of streams) {
    writer.writeMessage(1, writeStream, { labels, entries });
  }
  return writer.finish();
}

function writeStream({ labels, entries }: { labels: string; entries: readonly PushedEntry[] }, writer: PbfWriter): void {
  writer.writeStringField(1, labels);
  for (const entry of entries) writer.writeMessage(2, writeEntry, entry);
  writer.writeVarintField(3, 7);
}

function writeEntry({ time, line, metadata = {} }: PushedEntry, writer: PbfWriter): void {
  writer.writeMessage(1, writeStamp, time);
  writer.writeStringField(2, line);
  for (const pair of Object.entries(metadata)) writer.writeMessage(3, writePair, pair);
}

function writeStamp(time: number, writer: PbfWriter): void {
  writer.writeVarintField(1, Math.floor(time / 1_000));
  writer.writeVarintField(2, (time % 1_000) * 1e6);
}

function writePair([name, value]: readonly [string, string], writer: PbfWriter): void {
  writer.writeStringField(1, name);
  writer.writeStringField(2, value);
}
