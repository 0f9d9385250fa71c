import type { IncomingMessage } from 'node:http';

/** What a guest says of itself over HTTP, where Socket.IO has the handshake's `auth`; the name is percent-encoded. */
export const GUEST_HEADERS = { name: 'X-Guest-Name', key: 'X-Guest-Key' } as const;
/** The same in the address: an EventSource can set no headers. */
const GUEST_QUERY = { name: 'guest_name', key: 'guest_key' } as const;

/** The name and key that a guest's request shows, as far as it shows them; they come from outside and may be anything. */
export function guestOf({ headers, url = '' }: Pick<IncomingMessage, 'headers' | 'url'>): { name?: string; guestKey?: string } {
  const question = url.indexOf('?');
  const query = new URLSearchParams(question < 0 ? '' : url.slice(question + 1));
  const shown = (what: keyof typeof GUEST_HEADERS) => {
    const header = headers[GUEST_HEADERS[what].toLowerCase()];
    return typeof header === 'string' ? decoded(header) : (query.get(GUEST_QUERY[what]) ?? undefined);
  };
  const name = shown('name');
  const guestKey = shown('key');
  return { ...(name !== undefined && { name }), ...(guestKey !== undefined && { guestKey }) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
