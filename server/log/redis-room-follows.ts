import { HubError } from '../../shared/errors.js';
import type { RoomName } from '../../shared/rooms.js';
import { roomChannel } from '../adapter/hub-broadcast.js';
import { once } from '../once.js';
import { Followers, type OnLogFault } from './followers.js';
import { broadcastReader } from './redis-broadcast.js';
import type { LogLink } from './redis-log-link.js';
import type { SeenEntries } from './redis-seen-entries.js';
import type { LogFollower } from './room-log.js';

/** Who follows which room over Redis: all followers of a room share one subscription of its channel. */
export interface RoomFollows {
  /** As `RoomLog.follow`. @throws HubError `unavailable` while Redis cannot be reached */
  follow(room: RoomName, follower: LogFollower): Promise<() => void>;
  /** Nobody hears anything any more; resolves when Redis was told. */
  close(): Promise<void>;
}

interface RoomFollowsOptions {
  readonly link: LogLink;
  /** Of all channels. */
  readonly channelPrefix: string;
  /** Is told what is heard. */
  readonly seen: SeenEntries;
  readonly onFault: OnLogFault | undefined;
}

interface Subscription {
  users: number;
  /** Resolves once Redis confirmed it, with what ends it. */
  readonly ending: Promise<() => void>;
}

export function createRoomFollows({ link, channelPrefix, seen, onFault }: RoomFollowsOptions): RoomFollows {
  const followers = new Followers(onFault);
  const subscriptions = new Map<RoomName, Subscription>();

  /** Gives what takes the payloads of a room's channel. */
  function hearing(room: RoomName): (payload: Buffer) => void {
    const read = broadcastReader(room);
    return (payload) => {
      const heard = read(payload);
      if (!heard) return;
      const { entry, time } = heard;
      seen.hear(room, entry.epoch, entry.seq, time);
      followers.entry(room, entry);
    };
  }

  function subscription(room: RoomName): Subscription {
    const there = subscriptions.get(room);
    if (there) return there;
    const listener = { message: hearing(room), doubt: () => followers.doubt(room) };
    const made = { users: 0, ending: link.subscribe(roomChannel(room, channelPrefix), listener) };
    subscriptions.set(room, made);
    made.ending.catch(() => {
      if (subscriptions.get(room) === made) subscriptions.delete(room);
    });
    return made;
  }

  return {
    async follow(room, follower) {
      if (!link.ready()) throw new HubError('unavailable', 'Redis cannot be reached.');
      const shared = subscription(room);
      const remove = followers.add(room, follower);
      shared.users++;
      try {
        await shared.ending;
      } catch (error) {
        remove();
        throw error;
      }
      return once(() => {
        remove();
        if (--shared.users > 0) return;
        if (subscriptions.get(room) === shared) subscriptions.delete(room);
        void shared.ending.then((end) => end());
      });
    },

    async close() {
      followers.clear();
      const ended = [...subscriptions.values()].map(({ ending }) => ending.then((end) => end()));
      subscriptions.clear();
      await Promise.allSettled(ended);
    },
  };
}
