import type { User } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { PresencePage } from './presence-store.js';
import { type PresenceKeys, type PresenceLink, type PresenceScripts, runScript } from './redis-presence-link.js';

export interface PresenceRedis {
  readonly link: PresenceLink;
  readonly keys: PresenceKeys;
  readonly scripts: PresenceScripts;
}

/**
 * One page of a room's users, by id; the cursor is the last id.
 * @throws HubError `unavailable` when Redis does not answer
 */
export async function readRoster(
  { link, keys, scripts }: PresenceRedis,
  room: RoomName,
  limit: number,
  cursor = '',
): Promise<PresencePage> {
  const reply = await runScript(link, scripts.list, keys.roster(room), [cursor, String(limit)]);
  const [count, more, ...flat] = reply as [number, 0 | 1, ...string[]];
  const users: User[] = [];
  for (let i = 0; i < flat.length; i += 2) users.push({ id: flat[i]!, name: flat[i + 1]! });
  const last = users.at(-1);
  return more && last ? { count, users, cursor: last.id } : { count, users };
}
