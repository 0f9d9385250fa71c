import { parsePosition } from '../../shared/position.js';
import type { RoomName } from '../../shared/rooms.js';
import { decodeBroadcast, isHubBroadcast, textFrame } from '../adapter/hub-broadcast.js';
import { placeEntry } from './entry-codec.js';
import type { LogEntry } from './room-log.js';

/** What `append.lua` puts behind a body. */
const PLACED = /^,"position":"([a-z0-9]{1,32}):([1-9][0-9]{0,15})","time":([0-9]{1,16})\}$/;
const PLACED_START = ',"position":"';

/**
 * Gives the function that makes an entry of a room's broadcast, and nothing of a payload that is not the hub's. A text is not decoded:
 * where the body lies is known from what stands around it.
 */
export function broadcastReader(room: RoomName): (payload: Buffer) => { entry: LogEntry; time: number } | undefined {
  const { head, tail } = textFrame(room);
  return (payload) => {
    if (!isHubBroadcast(payload)) return undefined;
    return readText(room, payload, { head, tail }) ?? readAny(payload);
  };
}

function readText(room: RoomName, payload: Buffer, { head, tail }: { head: string; tail: string }) {
  const text = payload.toString();
  if (!text.startsWith(head) || !text.endsWith(tail)) return undefined;
  const end = text.length - tail.length;
  // The last one: whatever the message itself has of the kind stands before it.
  const bodyEnd = text.lastIndexOf(PLACED_START, end);
  const placed = PLACED.exec(text.slice(bodyEnd, end));
  if (!placed) return undefined;
  const [epoch, seq, time] = [placed[1]!, Number(placed[2]), Number(placed[3])];
  return { entry: placeEntry(text.slice(head.length, bodyEnd), { room, epoch, seq, time }, payload.length), time };
}

function readAny(payload: Buffer) {
  const message = decodeBroadcast(payload);
  return { entry: { ...parsePosition(message.position), bytes: payload.length, message }, time: message.time };
}
