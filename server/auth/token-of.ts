import type { IncomingHttpHeaders } from 'node:http';
import { HubError } from '../../shared/errors.js';

/**
 * The token of an HTTP request: `Authorization: Bearer …`, `Token …` (InfluxDB's clients), the password of `Basic …` (senders that know
 * only a user and a password), or `?access_token=` (an EventSource can set no headers). Undefined when there is none.
 * @throws HubError `unauthorized` on an Authorization header of another form
 */
export function tokenOf(headers: Pick<IncomingHttpHeaders, 'authorization'>, url = ''): string | undefined {
  const header = headers.authorization?.trim();
  if (header) {
    const [, scheme = '', given = ''] = /^(\S+) +(\S+)$/.exec(header) ?? [];
    const known = scheme.toLowerCase();
    if (known === 'bearer' || known === 'token') return given;
    if (known === 'basic') return password(given);
    throw new HubError('unauthorized', 'the Authorization header is not of the form Bearer <token>');
  }
  const query = url.indexOf('?');
  if (query < 0 || !url.includes('access_token=', query)) return undefined;
  return new URLSearchParams(url.slice(query + 1)).get('access_token') || undefined;
}

function password(encoded: string): string | undefined {
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return (colon < 0 ? '' : pair.slice(colon + 1)) || undefined;
}
