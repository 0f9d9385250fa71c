import { deserialize, serialize } from 'node:v8';
import { crc32 } from 'node:zlib';
import type { OutboxEntry } from '../outbox-store.js';

/** One line of an outbox's file. `alive` is the beacon of the process that writes it, and the first record of each file. */
export type OutboxRecord = { alive: string } | { put: OutboxEntry } | { remove: Pick<OutboxEntry, 'room' | 'id'> };

/** A checksum in hexadecimal digits, a blank, the structured clone in base64, a line feed. */
export function encodeRecord(record: OutboxRecord): string {
  const text = serialize(record).toString('base64');
  return `${crc32(text).toString(16)} ${text}\n`;
}

/**
 * The records of a file, whole ones only: a process that was killed leaves a part of a line, and a loss of power whatever was not
 * synchronised. Nobody was told that those are kept.
 */
export function decodeRecords(file: string): OutboxRecord[] {
  const lines = file.split('\n').slice(0, -1);
  return lines.flatMap((line) => {
    const [sum, text = ''] = line.split(' ');
    return sum === crc32(text).toString(16) && text !== '' ? [deserialize(Buffer.from(text, 'base64')) as OutboxRecord] : [];
  });
}
