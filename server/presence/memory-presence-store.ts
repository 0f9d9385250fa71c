import type { User } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import { type Clock, systemClock } from '../observe/clock.js';
import { ChangeGatherer } from './change-gatherer.js';
import { LocalMembers } from './local-members.js';
import type { PresenceChange, PresencePage, PresenceStore } from './presence-store.js';

export interface MemoryPresenceOptions {
  /** How long a user whose last connection is gone is still there. */
  readonly graceMs: number;
  /** Between two changes of one room, as they are told, at the least. */
  readonly coalesceMs: number;
  readonly clock?: Clock;
}

/** A user of a room, and its number in the order of joining. */
interface Present {
  user: User;
  readonly number: number;
}

/** The engine of one process. */
export function createMemoryPresenceStore({ graceMs, coalesceMs, clock = systemClock }: MemoryPresenceOptions): PresenceStore {
  const rosters = new Map<RoomName, Map<string, Present>>();
  const gatherers = new Map<RoomName, Set<ChangeGatherer>>();
  const members = new LocalMembers({ graceMs, clock, onChange });
  let joins = 0;

  function onChange(room: RoomName, user: User): void {
    const roster = rosters.get(room) ?? new Map<string, Present>();
    rosters.set(room, roster);
    const known = roster.get(user.id);
    const here = members.get(room, user.id) !== undefined;
    if (known && here) known.user = user;
    else if (here) roster.set(user.id, { user, number: ++joins });
    else roster.delete(user.id);
    if (roster.size === 0) rosters.delete(room);
    if (known && here) return;
    const change: PresenceChange = { joined: here ? [user] : [], left: here ? [] : [user], count: roster.size };
    for (const gatherer of gatherers.get(room) ?? []) gatherer.add(change);
  }

  return {
    join: (room, member) => members.join(room, member),
    leave: (room, member) => members.leave(room, member),
    list: async (room, { limit, cursor }) => pageOf(rosters.get(room) ?? new Map(), limit, Number(cursor ?? 0)),
    async follow(room, emit) {
      const gatherer = new ChangeGatherer({ coalesceMs, clock, emit });
      const following = gatherers.get(room) ?? new Set();
      gatherers.set(room, following.add(gatherer));
      return () => {
        gatherer.close();
        following.delete(gatherer);
        if (following.size === 0 && gatherers.get(room) === following) gatherers.delete(room);
      };
    },
    async close() {
      for (const gatherer of [...gatherers.values()].flatMap((following) => [...following])) gatherer.close();
      gatherers.clear();
      members.clear();
      rosters.clear();
    },
  };
}

/** Users after the number `after`, oldest first: the order in which the map holds them. */
function pageOf(roster: ReadonlyMap<string, Present>, limit: number, after: number): PresencePage {
  const users: User[] = [];
  let last = after;
  for (const { user, number } of roster.values()) {
    if (number <= after) continue;
    if (users.length === limit) return { count: roster.size, users, cursor: String(last) };
    users.push(user);
    last = number;
  }
  return { count: roster.size, users };
}
