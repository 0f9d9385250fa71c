import { useRoomListing } from '../use-room-listing.js';
import { navigate } from '../use-route.js';

interface RoomPickerProps {
  page: 'metrics' | 'logs';
  /** The room that is shown, after the colon. */
  name: string;
  /** Rooms that the hub itself fills. */
  own: readonly string[];
}

/** Chooses among the rooms of a page's kind. */
export function RoomPicker({ page, name, own }: RoomPickerProps) {
  const prefix = `${page}:`;
  const listed = useRoomListing(prefix).rooms.map(({ room }) => room.slice(prefix.length));
  const rooms = [...new Set([...own, name, ...listed.sort()])];
  return (
    <select
      class="input room-picker"
      aria-label="Room"
      value={name}
      onChange={(event) => navigate({ page, name: event.currentTarget.value })}
      data-testid="room-picker"
    >
      {rooms.map((room) => (
        <option key={room} value={room}>
          {room}
        </option>
      ))}
    </select>
  );
}
