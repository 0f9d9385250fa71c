import { decode, encode } from 'notepack.io';
import type { Message } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';

/**
 * How a room's message travels over Redis: as the broadcast that the sharded adapter of `@socket.io/redis-adapter` 8.3 itself
 * publishes, so that a Socket.IO server that knows nothing of the hub delivers it too. Text is JSON, data with binary in it is
 * MessagePack. Its uid is that of no adapter, as with the Redis emitter: every instance takes it, the publishing one included.
 *
 * The message stands between `head` and `tail` as `"room":…,` + body + position and time; the log puts those last two in.
 */
export interface BroadcastFrame<Part extends string | Buffer> {
  readonly head: Part;
  readonly tail: Part;
}

const UID = 'hub';
const NAMESPACE = '/';
/** `MessageType.BROADCAST` of socket.io-adapter. */
const BROADCAST = 3;
/** `PacketType.EVENT` of socket.io-parser. */
const EVENT = 2;

const TEXT_START = `{"uid":"${UID}","nsp":"${NAMESPACE}","type":${BROADCAST},"data":{"packet":{"type":${EVENT},"data":["message",{"room":`;
/** Maps of 4, 2, 3 and 7 entries, and an array of 2, opened one in the other as in the text. */
const BYTES_START = Buffer.concat([
  ...[
    0x84,
    'uid',
    UID,
    'nsp',
    NAMESPACE,
    'type',
    BROADCAST,
    'data',
    0x82,
    'packet',
    0x83,
    'type',
    EVENT,
    'data',
    0x92,
    'message',
    0x87,
    'room',
  ].map((part) => (typeof part === 'number' && part >= 0x80 ? Buffer.from([part]) : (encode(part) as Buffer))),
]);
const TEXT_MARK = Buffer.from(`{"uid":"${UID}",`);
const BYTES_MARK = BYTES_START.subarray(0, 9);

/** The Socket.IO room of a hub room; its braces are a Redis hash tag. */
export const socketRoom = (room: RoomName): string => `{${room}}`;

/** The sharded channel of a hub room: the one that the adapter subscribes for its Socket.IO room in dynamic mode. */
export const roomChannel = (room: RoomName, channelPrefix: string): string => `${channelPrefix}#${NAMESPACE}#${socketRoom(room)}#`;

export function textFrame(room: RoomName): BroadcastFrame<string> {
  const opts = { rooms: [socketRoom(room)], except: [], flags: {} };
  return {
    head: `${TEXT_START}${JSON.stringify(room)},`,
    tail: `],"nsp":"${NAMESPACE}"},"opts":${JSON.stringify(opts)}}}`,
  };
}

export function bytesFrame(room: RoomName): BroadcastFrame<Buffer> {
  const opts = { rooms: [socketRoom(room)], except: [], flags: {} };
  return {
    head: Buffer.concat([BYTES_START, encode(room)]),
    tail: Buffer.concat([encode('nsp'), encode(NAMESPACE), encode('opts'), encode(opts)]),
  };
}

/** Whether a payload of a room's channel is the hub's, and not some server's own emit to the Socket.IO room. */
export function isHubBroadcast(payload: Buffer): boolean {
  return startsWith(payload, TEXT_MARK) || startsWith(payload, BYTES_MARK);
}

/** The message of a hub broadcast. */
export function decodeBroadcast(payload: Buffer): Message {
  const broadcast = payload[0] === TEXT_MARK[0] ? JSON.parse(payload.toString()) : decode(payload);
  return broadcast.data.packet.data[1] as Message;
}

function startsWith(payload: Buffer, mark: Buffer): boolean {
  return payload.length > mark.length && payload.compare(mark, 0, mark.length, 0, mark.length) === 0;
}
