import { type Position, parsePosition } from '../../../shared/position.js';
import { KINDS, parseRoom, type RoomName } from '../../../shared/rooms.js';

/** Rooms joined at once at most: each is a subscription that stays open. */
export const JOINED_ROOMS = 20;

/** Rooms joined by this browser, the newest last, and up to which position each was read. */
export type JoinedRooms = ReadonlyMap<RoomName, Position | undefined>;

/** The room that somebody typed: a name alone is a chat room. Throws HubError `invalid` or `unknown_kind` with a line for people. */
export function chatRoomOf(text: string): RoomName {
  const name = text.trim().replace(/^#/, '').replace(/\s+/g, '-');
  return parseRoom(name.startsWith('chat:') ? name : `chat:${name}`, { chat: KINDS.chat }).room;
}

/** Adds a room; past the bound the one that was joined first leaves. */
export function withRoom(rooms: JoinedRooms, room: RoomName): JoinedRooms {
  if (rooms.has(room)) return rooms;
  return new Map([...rooms, [room, undefined] as const].slice(-JOINED_ROOMS));
}

export function withoutRoom(rooms: JoinedRooms, room: RoomName): JoinedRooms {
  return new Map([...rooms].filter(([joined]) => joined !== room));
}

/** Notes how far a room was read; it never goes back within an epoch. */
export function withRead(rooms: JoinedRooms, room: RoomName, position: Position): JoinedRooms {
  if (!rooms.has(room)) return rooms;
  const before = rooms.get(room);
  if (before && parsePosition(before).epoch === parsePosition(position).epoch && readSeq(before, position) >= parsePosition(position).seq) {
    return rooms;
  }
  return new Map(rooms).set(room, position);
}

/** The seq up to which a room was read, in the epoch of `current`; 0 when it was another. */
export function readSeq(read: Position | undefined, current: Position): number {
  if (!read) return 0;
  const { epoch, seq } = parsePosition(read);
  return epoch === parsePosition(current).epoch ? seq : 0;
}

/** The rooms as they were kept; whatever is malformed is left out. */
export function joinedFrom(kept: Record<string, unknown>): JoinedRooms {
  const rooms = new Map<RoomName, Position | undefined>();
  for (const [room, read] of Object.entries(kept).slice(-JOINED_ROOMS)) {
    try {
      const name = chatRoomOf(room);
      rooms.set(name, typeof read === 'string' && parsePosition(read) ? (read as Position) : undefined);
    } catch {
      // Written by something else.
    }
  }
  return rooms;
}

/** The form in which the rooms are kept. */
export function keptForm(rooms: JoinedRooms): Record<string, unknown> {
  return Object.fromEntries([...rooms].map(([room, read]) => [room, read ?? null]));
}
