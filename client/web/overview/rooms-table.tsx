import { useState } from 'preact/hooks';
import type { RoomListing } from '../http-api.js';
import { ago, count } from '../lib/format.js';
import { formatRoute, type Route } from '../route.js';
import { useRoomListing } from '../use-room-listing.js';

/** Rooms shown before one asks for all. */
const FIRST_ROOMS = 12;

/** The hub's rooms that one may read, the most recent first. */
export function RoomsTable() {
  const { rooms, error } = useRoomListing('');
  const [all, setAll] = useState(false);
  const shown = all ? rooms : rooms.slice(0, FIRST_ROOMS);
  return (
    <section class="card overview-card" aria-label="Rooms">
      <h2>
        Rooms <span class="muted numbers">{rooms.length}</span>
      </h2>
      {error && <p class="error-text">The list of rooms cannot be read: {error.message}</p>}
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">Room</th>
            <th scope="col">Messages so far</th>
            <th scope="col">Newest</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((listing) => (
            <RoomRow key={listing.room} listing={listing} />
          ))}
        </tbody>
      </table>
      {!all && rooms.length > FIRST_ROOMS && (
        <button type="button" class="button small" onClick={() => setAll(true)}>
          Show all {rooms.length}
        </button>
      )}
    </section>
  );
}

function RoomRow({ listing: { room, last, time } }: { listing: RoomListing }) {
  const route = routeOf(room);
  return (
    <tr>
      <td>{route ? <a href={formatRoute(route)}>{room}</a> : room}</td>
      <td class="numbers">{count(last)}</td>
      <td class="muted">{ago(time, Date.now())}</td>
    </tr>
  );
}

/** The page that shows a room, where there is one. */
function routeOf(room: string): Route | undefined {
  const colon = room.indexOf(':');
  const page = room.slice(0, colon);
  return page === 'chat' || page === 'metrics' || page === 'logs' ? { page, name: room.slice(colon + 1) } : undefined;
}
