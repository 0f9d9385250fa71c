import { useState } from 'preact/hooks';
import type { RoomName } from '../../../shared/rooms.js';
import { ago } from '../lib/format.js';
import { createStore } from '../lib/store.js';
import { useStore } from '../lib/use-store.js';
import { formatRoute } from '../route.js';
import { useSession } from '../session-context.js';
import { Icon } from '../ui/icon.js';
import { useRoomListing } from '../use-room-listing.js';
import { navigate } from '../use-route.js';
import { EMPTY_CHAT } from './chat-state.js';
import { chatRoomOf } from './joined-rooms.js';

interface RoomListProps {
  current: RoomName | undefined;
  onLeave: (room: RoomName) => void;
}

/** The joined rooms with their unread messages, then the other rooms of the hub, and a field to join or create one. */
export function RoomList({ current, onLeave }: RoomListProps) {
  const { chats } = useSession();
  const joined = useStore(chats.joined);
  const listing = useRoomListing('chat:');
  const others = listing.rooms.filter(({ room }) => !joined.has(room));
  const times = new Map(listing.rooms.map(({ room, time }) => [room, time]));
  return (
    <aside class="rooms" aria-label="Rooms">
      <JoinForm />
      <div class="scrolls rooms-scroll">
        <h2>Joined</h2>
        <ul data-testid="room-list">
          {[...joined.keys()].sort().map((room) => (
            <li key={room}>
              <RoomLink room={room} current={room === current} time={times.get(room)} joined />
              <button
                type="button"
                class="icon-button room-leave"
                aria-label={`Leave ${nameOf(room)}`}
                title="Leave"
                onClick={() => onLeave(room)}
              >
                <Icon name="close" />
              </button>
            </li>
          ))}
        </ul>
        {others.length > 0 && <h2>Other rooms</h2>}
        <ul data-testid="other-rooms">
          {others.map(({ room, time }) => (
            <li key={room}>
              <RoomLink room={room} current={false} time={time} />
            </li>
          ))}
        </ul>
        {listing.error && <p class="error-text">The list of rooms cannot be read: {listing.error.message}</p>}
      </div>
    </aside>
  );
}

/** What is known of a room that is not joined. */
const NO_LOG = createStore(EMPTY_CHAT);

const nameOf = (room: RoomName): string => room.slice('chat:'.length);

function RoomLink({ room, current, time, joined }: { room: RoomName; current: boolean; time?: number | undefined; joined?: boolean }) {
  const { chats } = useSession();
  const { log } = joined ? chats.open(room) : { log: NO_LOG };
  const newest = useStore(log, ({ messages }) => messages.at(-1)?.time) ?? time;
  const unread = useStore(chats.unread, (counts) => (joined ? (counts.get(room) ?? 0) : 0));
  return (
    <a
      class={`room-link${unread > 0 && !current ? ' has-unread' : ''}`}
      href={formatRoute({ page: 'chat', name: nameOf(room) })}
      aria-current={current ? 'true' : undefined}
      data-testid={`room-${room}`}
    >
      <span class="room-hash" aria-hidden="true">
        #
      </span>
      <span class="room-name">{nameOf(room)}</span>
      {unread > 0 && !current ? (
        <span class="badge">
          {unread > 99 ? '99+' : unread}
          <span class="visually-hidden"> unread</span>
        </span>
      ) : (
        newest !== undefined && <span class="room-time">{ago(newest, Date.now())}</span>
      )}
    </a>
  );
}

function JoinForm() {
  const [name, setName] = useState('');
  const [error, setError] = useState('');
  const join = (event: Event) => {
    event.preventDefault();
    try {
      navigate({ page: 'chat', name: nameOf(chatRoomOf(name)) });
      setName('');
      setError('');
    } catch (refused) {
      setError(name.trim() === '' ? 'Give the room a name.' : explain(refused as Error));
    }
  };
  return (
    <form class="join-form" onSubmit={join} noValidate>
      <div class="join-line">
        <input
          class="input"
          value={name}
          placeholder="Join or create a room"
          aria-label="Name of a room to join or create"
          aria-invalid={error !== ''}
          aria-describedby="join-error"
          autocomplete="off"
          onInput={(event) => {
            setName(event.currentTarget.value);
            setError('');
          }}
          data-testid="join-room-name"
        />
        <button type="submit" class="icon-button" aria-label="Join or create" data-testid="join-room">
          <Icon name="plus" />
        </button>
      </div>
      <p class="error-text" id="join-error" role="alert" data-testid="join-room-error">
        {error}
      </p>
    </form>
  );
}

function explain({ message }: Error): string {
  return `No room can be called that: ${message}.`;
}
