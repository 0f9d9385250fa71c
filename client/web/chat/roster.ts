import type { PresenceUsers, User } from '../../../shared/protocol.js';

export interface PresenceChange {
  readonly joined: readonly User[];
  readonly left: readonly User[];
  readonly count: number;
}

/**
 * A room's users after a change. The roster stays unknown where it is unknown; `count` is the hub's. A roster that does not match the count
 * has missed something: it becomes unknown, and whoever shows it asks again.
 */
export function afterChange(presence: PresenceUsers, { joined, left, count }: PresenceChange): PresenceUsers {
  if (!presence.users) return { count };
  const gone = new Set(left.map(({ id }) => id));
  const here = new Set(joined.map(({ id }) => id));
  const users = [...presence.users.filter(({ id }) => !gone.has(id) && !here.has(id)), ...joined.filter(({ id }) => !gone.has(id))];
  return users.length === count ? { count, users } : { count };
}

/** Oneself first, then by name. */
export function sortedRoster(users: readonly User[], selfId: string): User[] {
  const rank = ({ id }: User) => (id === selfId ? 0 : 1);
  return [...users].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
}
