import { formatPosition } from '../../../shared/position.js';
import type { RoomName } from '../../../shared/rooms.js';
import type { Hub } from '../../sdk/roomcast.js';
import { createStore, type Store } from '../lib/store.js';
import { readJson, writeJson } from '../settings.js';
import type { Toasts } from '../toasts.js';
import { type ChatRoom, joinChatRoom } from './chat-room.js';
import { type JoinedRooms, joinedFrom, keptForm, readSeq, withoutRoom, withRead, withRoom } from './joined-rooms.js';

const KEY = 'roomcast.rooms';

/** All chat rooms that this browser is in. They stay joined while other pages are shown, so that unread messages are known. */
export interface ChatRooms {
  readonly joined: Store<JoinedRooms>;
  /** Unread messages by room, as far as they are held. */
  readonly unread: Store<ReadonlyMap<RoomName, number>>;
  /** Joins a room unless it is joined. */
  open(name: RoomName): ChatRoom;
  /** Everything in the room, up to now, has been seen. */
  markRead(name: RoomName): void;
  /** The newest seq read so far. */
  readUpTo(name: RoomName): number;
  leave(name: RoomName): void;
  close(): void;
}

export function createChatRooms(hub: Hub, toasts: Toasts): ChatRooms {
  const joined = createStore<JoinedRooms>(joinedFrom(readJson(KEY)));
  const unread = createStore<ReadonlyMap<RoomName, number>>(new Map());
  const open = new Map<RoomName, ChatRoom>();

  const setJoined = (rooms: JoinedRooms) => {
    if (rooms === joined.get()) return;
    joined.set(rooms);
    writeJson(KEY, keptForm(rooms));
    for (const [name, room] of open) {
      if (rooms.has(name)) continue;
      room.leave();
      open.delete(name);
    }
  };
  const countUnread = ({ name, log }: ChatRoom) => {
    const { messages, epoch } = log.get();
    const read = readSeq(joined.get().get(name), formatPosition(epoch || '0', 0));
    const count = messages.filter(({ seq, from, deleted }) => seq > read && !deleted && from.id !== hub.user?.id).length;
    if ((unread.get().get(name) ?? 0) !== count) unread.set(new Map(unread.get()).set(name, count));
  };

  const rooms: ChatRooms = {
    joined,
    unread,
    open(name) {
      const known = open.get(name);
      if (known) return known;
      const room = joinChatRoom({ hub, name, toasts });
      open.set(name, room);
      room.log.subscribe(() => countUnread(room));
      setJoined(withRoom(joined.get(), name));
      return room;
    },
    markRead(name) {
      const room = open.get(name);
      if (!room) return;
      const { epoch, newest } = room.log.get();
      if (epoch && newest > 0) setJoined(withRead(joined.get(), name, formatPosition(epoch, newest)));
      countUnread(room);
    },
    readUpTo(name) {
      const epoch = open.get(name)?.log.get().epoch;
      return epoch ? readSeq(joined.get().get(name), formatPosition(epoch, 0)) : 0;
    },
    leave(name) {
      setJoined(withoutRoom(joined.get(), name));
      const counts = new Map(unread.get());
      if (counts.delete(name)) unread.set(counts);
    },
    close() {
      for (const room of open.values()) room.leave();
      open.clear();
    },
  };
  for (const name of joined.get().keys()) rooms.open(name);
  return rooms;
}
