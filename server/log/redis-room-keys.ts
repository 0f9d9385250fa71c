import type { RoomName } from '../../shared/rooms.js';

/** The keys of one room; they share a hash tag, so that one script may use all of them on a Cluster too. */
export interface RoomKeys {
  /** Hash: epoch, newest seq, its time and housekeeping. */
  readonly meta: string;
  /** Stream: the entries. */
  readonly stream: string;
  /** Hashes of the ids, by turns one for each span of time. */
  readonly ids: readonly [even: string, odd: string];
}

/** @param prefix of all keys of the log */
export function roomKeys(prefix: string, room: RoomName): RoomKeys {
  const key = `${prefix}{${room}}:`;
  return { meta: `${key}meta`, stream: `${key}log`, ids: [`${key}ids0`, `${key}ids1`] };
}
