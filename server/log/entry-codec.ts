import { decode, encode } from 'notepack.io';
import { HubError } from '../../shared/errors.js';
import { formatPosition } from '../../shared/position.js';
import type { Message, User } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { LogEntry, NewMessage } from './room-log.js';

/**
 * What a log keeps of a message: its four own fields (`id`, `type`, `from`, `data`) as the inside of a map, without room, position
 * and time, so that the engine can put those around it without reading it. Text is JSON (`"id":…,"data":…`); bytes are MessagePack
 * (four keys and values), for data with binary in it.
 */
export type EncodedBody = string | Buffer;

/** What stands between id and data in the last message of a user, whom a connection has as one object for all of its messages. */
const lastOf = new WeakMap<User, User & { readonly type: string; readonly json: string }>();

interface Body {
  id: string;
  type: string;
  from: User;
  data: unknown;
}

/** Where a message stands. */
export interface Place {
  readonly room: RoomName;
  readonly epoch: string;
  readonly seq: number;
  readonly time: number;
}

const JSON_QUOTE = 0x22;
/** MessagePack's head of a map with four entries. */
const MAP_OF_FOUR = Buffer.from([0x84]);

/** @throws HubError `invalid` when the data has something that is neither JSON nor binary */
export function encodeBody({ id, type, from, data }: NewMessage): EncodedBody {
  try {
    if (hasBinary(data)) return (encode({ id, type, from: { id: from.id, name: from.name }, data }) as Buffer).subarray(MAP_OF_FOUR.length);
    return `"id":${JSON.stringify(id)}${typeAndUser(type, from)}${JSON.stringify(data ?? null) ?? 'null'}`;
  } catch (error) {
    const refused = new HubError('invalid', 'the data is neither JSON nor binary');
    refused.cause = error;
    throw refused;
  }
}

function typeAndUser(type: string, user: User): string {
  const { id, name } = user;
  const last = lastOf.get(user);
  if (last?.type === type && last.id === id && last.name === name) return last.json;
  const json = `,"type":${JSON.stringify(type)},"from":${JSON.stringify({ id, name })},"data":`;
  lastOf.set(user, { id, name, type, json });
  return json;
}

/** A body that was stored from the byte `start` up to `end`, as the entry at its place. Nothing of `stored` is used afterwards. */
export function decodeEntry(stored: Buffer, at: Place, start = 0, end = stored.length): LogEntry {
  const body = stored[start] === JSON_QUOTE ? stored.toString('utf8', start, end) : Buffer.from(stored.subarray(start, end));
  return placeEntry(body, at, end - start);
}

/** A body as the entry at its place, which costs nothing more until somebody asks for the message. */
export function placeEntry(body: EncodedBody, at: Place, bytes: number): LogEntry {
  return new PlacedEntry(body, at, bytes);
}

/** Feeds keep very many of these: a class, since an object with accessors of its own weighs three times as much. */
class PlacedEntry implements LogEntry {
  readonly epoch: string;
  readonly seq: number;
  readonly bytes: number;
  readonly #body: EncodedBody;
  readonly #room: RoomName;
  readonly #time: number;
  #message: Message | undefined;

  constructor(body: EncodedBody, { room, epoch, seq, time }: Place, bytes: number) {
    this.epoch = epoch;
    this.seq = seq;
    this.bytes = bytes;
    this.#body = body;
    this.#room = room;
    this.#time = time;
  }

  get message(): Message {
    this.#message ??= decodeMessage(this.#body, this.#place());
    return this.#message;
  }

  /** Not kept: it goes out once, to all of a room's sockets, and would weigh as much again as the body. */
  get json(): string | undefined {
    return typeof this.#body === 'string' ? toJson(this.#body, this.#place()) : undefined;
  }

  get text(): string | undefined {
    return typeof this.#body === 'string' ? this.#body : undefined;
  }

  #place(): Place {
    return { room: this.#room, epoch: this.epoch, seq: this.seq, time: this.#time };
  }
}

function toJson(body: string, { room, epoch, seq, time }: Place): string {
  // A room's name and an epoch have nothing that JSON writes in another way.
  return `{"room":"${room}",${body},"position":"${formatPosition(epoch, seq)}","time":${time}}`;
}

function decodeMessage(body: EncodedBody, { room, epoch, seq, time }: Place): Message {
  const { id, type, from, data } = decodeBody(body);
  return { room, position: formatPosition(epoch, seq), id, type, from, time, data };
}

function decodeBody(body: EncodedBody): Body {
  if (typeof body === 'string') return JSON.parse(`{${body}}`) as Body;
  return decode(Buffer.concat([MAP_OF_FOUR, body])) as Body;
}

function hasBinary(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return true;
  if (Array.isArray(value)) return value.some(hasBinary);
  const fields = value as Record<string, unknown>;
  for (const key in fields) {
    if (hasBinary(fields[key])) return true;
  }
  return false;
}
