import { HubError } from './errors.js';
import { LIMITS } from './limits.js';

export type PresenceMode = 'roster' | 'count' | 'off';
/** What becomes of a subscription whose socket does not read as fast as the room speaks ([P43]). */
export const SLOW_POLICIES = ['catch-up', 'latest-per-key', 'drop-oldest', 'sample', 'disconnect'] as const;
export type SlowPolicy = (typeof SLOW_POLICIES)[number];
/** Who may do it without a token that says so: anyone admitted, or nobody (`ticket`: a token's claim, or the room's owner). */
export type Access = 'anyone' | 'ticket';

/** The policy that all rooms of one kind share. */
export interface RoomKind {
  /** Messages kept at most; 0: no limit by count. */
  readonly historyMessages: number;
  /** Age in milliseconds up to which messages are kept; 0: no limit by age. */
  readonly historyTtlMs: number;
  readonly presence: PresenceMode;
  readonly slow: SlowPolicy;
  /** Messages that a slow reader is given of what it missed, at most, where the policy leaves some out. */
  readonly slowMessages: number;
  /** Milliseconds over which samples are coalesced into one frame; 0: not a metric room. */
  readonly frameIntervalMs: number;
  readonly read: Access;
  readonly write: Access;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** The kinds a hub knows by default. */
export const KINDS = {
  chat: {
    historyMessages: 1_000_000,
    historyTtlMs: 0,
    presence: 'roster',
    slow: 'catch-up',
    slowMessages: LIMITS.slowMessages,
    frameIntervalMs: 0,
    read: 'anyone',
    write: 'anyone',
  },
  metrics: {
    historyMessages: 20_000,
    historyTtlMs: 60 * MINUTE_MS,
    presence: 'count',
    slow: 'latest-per-key',
    slowMessages: LIMITS.slowMessages,
    frameIntervalMs: 250,
    read: 'anyone',
    write: 'ticket',
  },
  logs: {
    historyMessages: 100_000,
    historyTtlMs: DAY_MS,
    presence: 'count',
    slow: 'catch-up',
    slowMessages: LIMITS.slowMessages,
    frameIntervalMs: 0,
    read: 'anyone',
    write: 'ticket',
  },
  job: {
    historyMessages: 1_000,
    historyTtlMs: 60 * MINUTE_MS,
    presence: 'off',
    slow: 'catch-up',
    slowMessages: LIMITS.slowMessages,
    frameIntervalMs: 0,
    read: 'ticket',
    write: 'ticket',
  },
  user: {
    historyMessages: 1_000,
    historyTtlMs: 7 * DAY_MS,
    presence: 'off',
    slow: 'catch-up',
    slowMessages: LIMITS.slowMessages,
    frameIntervalMs: 0,
    read: 'ticket',
    write: 'ticket',
  },
} as const satisfies Record<string, RoomKind>;

export type Kinds = Readonly<Record<string, RoomKind>>;
/** `kind:name`, checked by `parseRoom`. */
export type RoomName = `${string}:${string}`;

/** Characters of a room's name after the colon. */
export const ROOM_NAME_CHARS = 128;
const KIND = /^[a-z][a-z0-9-]{0,31}$/;
// No braces: a name stands inside a Redis hash tag. No blanks or controls: it stands in URLs and log lines.
// Nor letters that nobody sees (Unicode counts the Hangul fillers as such): two rooms must not look like one.
const NAME = /^(?:(?!\p{Default_Ignorable_Code_Point})[\p{L}\p{N}._~@/+:=-]){1,128}$/u;

export interface ParsedRoom {
  readonly room: RoomName;
  readonly kind: string;
  readonly name: string;
  readonly policy: RoomKind;
}

/**
 * Takes a room name apart.
 * @throws HubError `invalid` when it is no room name, `unknown_kind` when its kind is not one of `kinds`
 */
export function parseRoom(text: unknown, kinds: Kinds): ParsedRoom {
  if (typeof text !== 'string') throw new HubError('invalid', 'a room is a text of the form kind:name');
  const colon = text.indexOf(':');
  const kind = text.slice(0, Math.max(colon, 0));
  const name = text.slice(colon + 1);
  if (colon < 1 || !KIND.test(kind) || !NAME.test(name) || name !== name.normalize('NFC')) {
    throw new HubError('invalid', `a room is kind:name, the name 1 to ${ROOM_NAME_CHARS} letters, digits or . _ ~ @ / + : = -`);
  }
  const policy = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (!policy) throw new HubError('unknown_kind', `no rooms of kind ${kind}; kinds are ${Object.keys(kinds).join(', ')}`);
  return { room: text as RoomName, kind, name, policy };
}
