export const PAGES = ['chat', 'metrics', 'logs', 'jobs', 'hub'] as const;
export type Page = (typeof PAGES)[number];

/** Pages that show one room of the kind of the same name, and the room they show first. */
const FIRST_ROOM = { chat: 'lobby', metrics: 'host', logs: 'hub' } as const;
type RoomPage = keyof typeof FIRST_ROOM;

/** Where the reader is. `name` is the room's name after the colon; `query` is how the page shows it, as in a query string. */
export type Route = { page: RoomPage; name: string; query?: string } | { page: Exclude<Page, RoomPage> };

function isPage(text: string): text is Page {
  return (PAGES as readonly string[]).includes(text);
}

/**
 * The route that the address' fragment names; an unknown or broken one is the first page. Routes are fragments so that the pages
 * work below any path and need nothing of the server.
 */
export function parseRoute(hash: string): Route {
  const [, page = '', name = '', query] = /^#?\/?([^/?]*)\/?([^?]*)(?:\?(.*))?$/s.exec(hash) ?? [];
  if (!isPage(page)) return { page: 'chat', name: FIRST_ROOM.chat };
  if (page === 'jobs' || page === 'hub') return { page };
  return { page, name: decode(name) || FIRST_ROOM[page], ...(query && { query }) };
}

export function formatRoute(route: Route): string {
  if (!('name' in route)) return `#/${route.page}`;
  const { page, name, query } = route;
  return `#/${page}/${encodeURIComponent(name)}${query ? `?${query}` : ''}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
