import { BOUNDS } from '../../../shared/limits.js';
import type { PresenceUsers } from '../../../shared/protocol.js';
import type { Room } from '../../sdk/roomcast.js';
import { createStore, type Store } from '../lib/store.js';
import { afterChange } from './roster.js';

/** Who is in a room; a roster that became unknown is asked for again. */
export function followPresence(room: Pick<Room, 'on' | 'presence'>): Store<PresenceUsers> {
  const presence = createStore<PresenceUsers>({ count: 0 });
  room.on('subscribed', (answer) => {
    if (answer.presence) presence.set(answer.presence);
  });
  room.on('presence', (change) => {
    presence.set(afterChange(presence.get(), change));
    if (!presence.get().users && change.count <= BOUNDS.rosterUsers) room.presence().then(presence.set, () => {});
  });
  return presence;
}
