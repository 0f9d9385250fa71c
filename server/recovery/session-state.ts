import { formatPosition, type PositionParts, parsePosition } from '../../shared/position.js';
import type { RoomOffset } from './offset.js';

/** A subscription as a session keeps it; `start` is where its events begin. */
export interface SessionRoom {
  readonly generation: number;
  readonly start: PositionParts;
}

/** What a client comes back to. */
export interface SessionState {
  readonly rooms: ReadonlyMap<string, SessionRoom>;
  /** JSON. */
  readonly data: unknown;
  /** The client is in nothing that could not be given back to it exactly. */
  readonly isWhole: boolean;
}

export function encodeSession({ rooms, data, isWhole }: SessionState): string {
  const listed = [...rooms].map(([room, { generation, start }]) => [room, generation, formatPosition(start.epoch, start.seq)]);
  return JSON.stringify({ rooms: listed, data, isWhole });
}

/** Of a text that `encodeSession` gave. */
export function decodeSession(text: string): SessionState {
  const { rooms, data, isWhole } = JSON.parse(text) as { rooms: [string, number, string][]; data: unknown; isWhole: boolean };
  return { rooms: new Map(rooms.map(([room, generation, start]) => [room, { generation, start: parsePosition(start) }])), data, isWhole };
}

/**
 * Where a client that shows `offsets` goes on in each of its rooms; undefined when that is not known exactly. A room that the offsets do not speak
 * of has had no event yet. An offset of another subscription than the session's leaves open whether the client knows of that one: its
 * acknowledgement may have been lost.
 */
export function resumeFrom(state: SessionState, offsets: ReadonlyMap<string, RoomOffset>): RoomOffset[] | undefined {
  if (!state.isWhole) return undefined;
  const rooms: RoomOffset[] = [];
  for (const [room, { generation, start }] of state.rooms) {
    const had = offsets.get(room);
    if (had && had.generation !== generation) return undefined;
    rooms.push(had ?? { room, generation, at: start });
  }
  return rooms;
}
