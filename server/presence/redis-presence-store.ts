import { randomBytes } from 'node:crypto';
import type { User } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import { type Clock, systemClock } from '../observe/clock.js';
import { LocalMembers } from './local-members.js';
import type { PresenceStore } from './presence-store.js';
import { RedisFollowedRoom } from './redis-followed-room.js';
import { RedisInstance } from './redis-instance.js';
import { PresenceKeys, type PresenceLink, readScripts } from './redis-presence-link.js';
import { readRoster } from './redis-roster.js';

export interface RedisPresenceOptions {
  readonly link: PresenceLink;
  /** In front of all keys and channels, with a colon. */
  readonly prefix?: string;
  /** This instance, unlike every other. */
  readonly nodeId: string;
  /** After this long without a sign from an instance, its members are gone. */
  readonly leaseMs?: number;
  /** How long a user whose last connection is gone is still there. */
  readonly graceMs?: number;
  /** Between two changes of one room, as they are told, at the least. */
  readonly coalesceMs?: number;
  readonly clock?: Clock;
}

/**
 * The engine of many instances. Each instance keeps its own connections in memory and writes a user into Redis with the first and out with
 * the last; all of an instance's users live under one lease. Redis is written in the background: what it could not take is written when it can.
 */
export function createRedisPresenceStore(options: RedisPresenceOptions): PresenceStore {
  const { link, prefix = 'rc', nodeId, leaseMs = 15_000, graceMs = 10_000, coalesceMs = 1_000, clock = systemClock } = options;
  const redis = { link, keys: new PresenceKeys(prefix), scripts: readScripts() };
  const members = new LocalMembers({ graceMs, clock, onChange: (room: RoomName, user: User) => instance.changed(room, user) });
  const newName = () => `${nodeId}.${randomBytes(6).toString('base64url')}`;
  const instance = new RedisInstance({ ...redis, members, newName, leaseMs, clock });
  const followed = new Set<RedisFollowedRoom>();
  return {
    join: (room, member) => members.join(room, member),
    leave: (room, member) => members.leave(room, member),
    list: (room, { limit, cursor }) => readRoster(redis, room, limit, cursor),
    /** @throws HubError `unavailable` when Redis does not answer */
    async follow(room, emit) {
      const following = new RedisFollowedRoom({ ...redis, room, coalesceMs, clock, emit });
      await following.open();
      followed.add(following);
      return () => {
        following.close();
        followed.delete(following);
      };
    },
    async close() {
      for (const following of followed) following.close();
      followed.clear();
      members.clear();
      // The clients come back on other instances: until then they are still there.
      await instance.close(graceMs);
    },
  };
}
