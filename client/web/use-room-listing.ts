import { useEffect, useState } from 'preact/hooks';
import type { HubError } from '../../shared/errors.js';
import type { RoomListing } from './http-api.js';
import { useStore } from './lib/use-store.js';
import { useSession } from './session-context.js';

/** Milliseconds between two looks at the hub's list of rooms; the hub answers them from its cache. */
const REFRESH_MS = 15_000;

/** The hub's rooms whose name starts with `prefix`, the most recent first, kept fresh while the page is seen. */
export function useRoomListing(prefix: string): { rooms: readonly RoomListing[]; error: HubError | undefined } {
  const { http, state } = useSession();
  const online = useStore(state) === 'online';
  const [listing, setListing] = useState<{ rooms: readonly RoomListing[]; error: HubError | undefined }>({ rooms: [], error: undefined });
  useEffect(() => {
    if (!online) return;
    let current = true;
    const refresh = () => {
      if (document.hidden) return;
      http.rooms(prefix).then(
        (rooms) => current && setListing({ rooms: [...rooms].sort((a, b) => b.time - a.time), error: undefined }),
        (error: HubError) => current && setListing(({ rooms }) => ({ rooms, error })),
      );
    };
    refresh();
    const timer = setInterval(refresh, REFRESH_MS);
    document.addEventListener('visibilitychange', refresh);
    return () => {
      current = false;
      clearInterval(timer);
      document.removeEventListener('visibilitychange', refresh);
    };
  }, [http, prefix, online]);
  return listing;
}
