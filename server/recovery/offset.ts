import { HubError } from '../../shared/errors.js';
import { formatPosition, type PositionParts, parsePosition } from '../../shared/position.js';

/** How far a client is in one room. */
export interface RoomOffset {
  readonly room: string;
  /** Which of the client's subscriptions to the room it is: a later one has a higher number. */
  readonly generation: number;
  readonly at: PositionParts;
}

/** What a client that has had a message without a usable offset shows: nothing can be continued from it. */
export const NO_OFFSET = '-';

/** Characters that a client may show. */
const LONGEST_OFFSET = 16_384;
const ROOM_OFFSET = /^([1-9][0-9]{0,8})@([^@]+)@(\S+)$/;

/** `generation@epoch:seq@room` of each room, separated by blanks. */
export function formatOffset(rooms: readonly RoomOffset[]): string {
  return rooms.map(({ room, generation, at }) => `${generation}@${formatPosition(at.epoch, at.seq)}@${room}`).join(' ');
}

/** By room; undefined when the text is none that the hub gave. */
export function parseOffset(text: unknown): Map<string, RoomOffset> | undefined {
  if (typeof text !== 'string' || text.length > LONGEST_OFFSET) return undefined;
  const rooms = new Map<string, RoomOffset>();
  for (const part of text.split(' ')) {
    const [, generation, position, room] = ROOM_OFFSET.exec(part) ?? [];
    const at = position && positionOf(position);
    if (!room || !at) return undefined;
    rooms.set(room, { room, generation: Number(generation), at });
  }
  return rooms;
}

function positionOf(text: string): PositionParts | undefined {
  try {
    return parsePosition(text);
  } catch (error) {
    if (error instanceof HubError) return undefined;
    throw error;
  }
}
