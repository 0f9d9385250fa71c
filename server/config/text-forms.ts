import { parseTopology, TOPOLOGY_FORMS } from '../adapter/topology.js';
import { JOIN_RULES, parseRoomJoinRule } from '../ingest/lines/line-rules.js';
import { parseRoomRule } from '../ingest/sender-rooms.js';
import type { TextForm } from './option.js';

function urlWith(protocols: readonly string[], given: string): URL | undefined {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  return url && protocols.includes(url.protocol) ? url : undefined;
}

export const REDIS_ADDRESS: TextForm = {
  accepts: TOPOLOGY_FORMS,
  fits: (given) => parseTopology(given) !== undefined,
};

export const HTTP_ADDRESS: TextForm = {
  accepts: 'an http:// or https:// address',
  fits: (given) => Boolean(urlWith(['http:', 'https:'], given)?.hostname),
};

/** HS256 asks for a key at least as long as its hash (RFC 7518, section 3.2). */
export const JWT_SECRET: TextForm = {
  accepts: 'a text of at least 32 bytes (openssl rand -hex 32 makes one)',
  fits: (given) => new TextEncoder().encode(given).length >= 32,
};

/** In front of every Redis key; no braces, which would decide the cluster slot. */
export const KEY_PREFIX: TextForm = {
  accepts: '1 to 32 letters, digits or _ . - (no colons or braces)',
  fits: (given) => /^[A-Za-z0-9_.-]{1,32}$/.test(given),
};

/** `scheme://host[:port]`, the host with `*.` in front for all of its subdomains; `*` is every origin. */
export const ORIGIN: TextForm = {
  accepts: 'origins such as https://example.com or https://*.example.com, separated by commas, or *',
  fits: (given) => {
    if (given === '*') return true;
    const url = urlWith(['http:', 'https:'], given.replace('://*.', '://any.'));
    return url !== undefined && given.replace('://*.', '://any.').toLowerCase() === url.origin;
  },
};

/** An action and a room pattern: `read:chat:*`. */
export const GRANT: TextForm = {
  accepts: 'action:pattern pairs such as read:chat:*,ingest:logs:web-1, the action read, write or ingest',
  fits: (given) => /^(read|write|ingest):[^\s,{}]{1,161}$/.test(given),
};

export const TRANSPORTS = ['polling', 'websocket'] as const;
export type Transport = (typeof TRANSPORTS)[number];
export const TRANSPORT: TextForm = {
  accepts: `${TRANSPORTS.join(', ')} or both, separated by a comma`,
  fits: (given) => TRANSPORTS.includes(given as Transport),
};

export const ROOM_PATTERN: TextForm = {
  accepts: 'room names or prefixes with * at their end, separated by commas, such as chat:*,metrics:web-1',
  fits: (given) => /^[^\s,{}*]{0,161}\*?$/.test(given) && given.length > 0,
};

/** Which sender's series and lines go to which room. */
export const ROOM_RULE: TextForm = {
  accepts: 'rules label=pattern->room, separated by commas, such as job=node*->metrics:hosts,service.name=*->logs:{service.name}',
  fits: (given) => parseRoomRule(given) !== undefined,
};

/** How the lines of a room's senders become entries. */
export const ROOM_JOIN_RULE: TextForm = {
  accepts: `pairs room=rule, separated by commas, such as logs:api=dated,logs:build-*=off, the rule ${JOIN_RULES.join(', ').replace(/, ([^,]*)$/, ' or $1')}`,
  fits: (given) => parseRoomJoinRule(given) !== undefined,
};

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION_FORM = /^([1-9][0-9]{0,5})([smhd])$/;
export const DURATION: TextForm = {
  accepts: 'a time such as 90s, 30m, 12h or 7d, or never',
  fits: (given) => given === 'never' || DURATION_FORM.test(given),
};

/** Milliseconds of a `DURATION`; undefined: never. */
export function durationMs(given: string): number | undefined {
  const [, count, unit] = DURATION_FORM.exec(given) ?? [];
  return count === undefined ? undefined : Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
}
