import type { RoomName } from '../../shared/rooms.js';
import type { PresenceStore } from '../presence/presence-store.js';

/**
 * The same store, that ends the cached pages of a room when who is there changes: at once for connections of this instance, and for others when
 * this instance hears of them, which it does while it has somebody in the room.
 */
export function endingPages(presence: PresenceStore, endPages: (room: RoomName) => void): PresenceStore {
  return {
    join(room, member) {
      presence.join(room, member);
      endPages(room);
    },
    leave(room, member) {
      presence.leave(room, member);
      endPages(room);
    },
    list: (room, page) => presence.list(room, page),
    follow: (room, listener) =>
      presence.follow(room, (change) => {
        endPages(room);
        listener(change);
      }),
    close: () => presence.close(),
  };
}
