import type { User } from '../../shared/protocol.js';
import type { ParsedRoom } from '../../shared/rooms.js';

export const ACTIONS = ['read', 'write', 'ingest'] as const;
export type Action = (typeof ACTIONS)[number];

/** Room patterns per action: a room name, or a prefix with `*` at its end (`chat:team-*`, `metrics:*`, `*`). */
export type Grants = Readonly<Record<Action, readonly string[]>>;

/** Who is asking, whatever the transport, and what the token grants. */
export interface Principal {
  readonly user: User;
  readonly guest: boolean;
  /** Where a guest comes from, as limits count addresses: guests of one address have in common what one user may have. */
  readonly address?: string;
  readonly admin: boolean;
  readonly grants: Grants;
  /** Milliseconds since 1970 up to which the hub takes the token; undefined: it does not expire. */
  readonly expiresAt?: number;
}

/** The hub itself: its own metrics, logs and jobs. */
export const SYSTEM: Principal = {
  user: { id: 'hub', name: 'hub' },
  guest: false,
  admin: true,
  grants: { read: ['*'], write: ['*'], ingest: ['*'] },
};

/** Whose samples and lines are held together: guests without a key are another user each time, so all guests are one sender. */
export const senderIdOf = ({ guest, user }: Principal): string => (guest ? 'guests' : user.id);

/** Kinds whose rooms belong to somebody: a pattern reaches them only when it names the kind (`user:*`, not `*`). */
const OWNED_KINDS: readonly string[] = ['user', 'job'];

export function matchesPattern(pattern: string, room: string): boolean {
  return pattern.endsWith('*') ? room.startsWith(pattern.slice(0, -1)) : pattern === room;
}

/**
 * Whether a principal may act on a room. A kind open to anyone is open to every principal whose token carries no grants for the
 * action (guests and plain users); a token with grants is held to them. `user:<id>` rooms belong to that user.
 */
export function may(principal: Principal, action: Action, { room, kind, name, policy }: ParsedRoom): boolean {
  if (principal.admin) return true;
  const owned = OWNED_KINDS.includes(kind);
  if (principal.grants[action].some((pattern) => matchesPattern(pattern, room) && (!owned || pattern.includes(':')))) return true;
  if (kind === 'user' && action === 'read') return name === principal.user.id;
  if (action === 'ingest') return false;
  return policy[action] === 'anyone' && principal.grants[action].length === 0;
}
