import type { Hub, Room } from '../../sdk/roomcast.js';
import { createStore, type Store } from '../lib/store.js';
import { someoneTypes, stillTyping, stoppedTyping, type Typist } from './typing-state.js';

const LOOK_MS = 1000;

export interface FollowedTyping {
  /** Who types in the room, oneself left out. */
  readonly typists: Store<readonly Typist[]>;
  /** What somebody typed has arrived. */
  arrived(userId: string): void;
  end(): void;
}

export function followTyping(hub: Hub, room: Pick<Room, 'on'>): FollowedTyping {
  const typists = createStore<readonly Typist[]>([]);
  const timer = setInterval(() => typists.set(stillTyping(typists.get(), Date.now())), LOOK_MS);
  room.on('typing', ({ user }) => {
    if (user.id !== hub.user?.id) typists.set(someoneTypes(typists.get(), user, Date.now()));
  });
  return {
    typists,
    arrived: (userId) => typists.set(stoppedTyping(typists.get(), userId)),
    end: () => clearInterval(timer),
  };
}
