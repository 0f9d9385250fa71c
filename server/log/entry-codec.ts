import { decode, encode } from 'notepack.io';
import { HubError } from '../../shared/errors.js';
import { formatPosition } from '../../shared/position.js';
import type { User } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { LogEntry, NewMessage } from './room-log.js';

/**
 * What a log keeps of a message: its four own fields (`id`, `type`, `from`, `data`) as the inside of a map, without room, position
 * and time, so that the engine can put those around it without reading it. Text is JSON (`"id":…,"data":…`); bytes are MessagePack
 * (four keys and values), for data with binary in it.
 */
export type EncodedBody = string | Buffer;

interface Body {
  id: string;
  type: string;
  from: User;
  data: unknown;
}

const JSON_QUOTE = 0x22;
/** MessagePack's head of a map with four entries. */
const MAP_OF_FOUR = Buffer.from([0x84]);

/** @throws HubError `invalid` when the data has something that is neither JSON nor binary */
export function encodeBody({ id, type, from, data }: NewMessage): EncodedBody {
  const body: Body = { id, type, from: { id: from.id, name: from.name }, data: data ?? null };
  try {
    return hasBinary(data) ? (encode(body) as Buffer).subarray(MAP_OF_FOUR.length) : JSON.stringify(body).slice(1, -1);
  } catch (error) {
    const refused = new HubError('invalid', 'the data is neither JSON nor binary');
    refused.cause = error;
    throw refused;
  }
}

/** A body that was stored, as the entry at its place. */
export function decodeEntry(stored: Buffer, at: { room: RoomName; epoch: string; seq: number; time: number }): LogEntry {
  const { room, epoch, seq, time } = at;
  const { id, type, from, data } = decodeBody(stored);
  return { epoch, seq, bytes: stored.length, message: { room, position: formatPosition(epoch, seq), id, type, from, time, data } };
}

function decodeBody(stored: Buffer): Body {
  if (stored[0] === JSON_QUOTE) return JSON.parse(`{${stored.toString()}}`) as Body;
  return decode(Buffer.concat([MAP_OF_FOUR, stored])) as Body;
}

function hasBinary(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return true;
  return Array.isArray(value) ? value.some(hasBinary) : Object.values(value).some(hasBinary);
}
