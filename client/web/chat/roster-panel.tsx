import { useStore } from '../lib/use-store.js';
import { useSession } from '../session-context.js';
import { Avatar } from '../ui/avatar.js';
import type { ChatRoom } from './chat-room.js';
import { sortedRoster } from './roster.js';

/** Who is in the room; past the hub's limit only how many. */
export function RosterPanel({ chat }: { chat: ChatRoom }) {
  const { user } = useSession();
  const presence = useStore(chat.presence);
  const selfId = useStore(user)?.id ?? '';
  return (
    <aside class="people" aria-label="People in this room">
      <h2>
        People <span class="muted numbers">{presence.count}</span>
      </h2>
      {presence.users ? (
        <ul class="scrolls" data-testid="presence-list">
          {sortedRoster(presence.users, selfId).map((person) => (
            <li key={person.id} class="person" title={person.id}>
              <Avatar user={person} />
              <span class="person-name">{person.name}</span>
              {person.id === selfId && <span class="muted">you</span>}
            </li>
          ))}
        </ul>
      ) : (
        <p class="muted">{presence.count === 0 ? 'Nobody yet.' : 'Too many to list.'}</p>
      )}
    </aside>
  );
}
