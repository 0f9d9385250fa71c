import { createHash, randomBytes } from 'node:crypto';
import { HubError } from '../../shared/errors.js';
import { displayName } from './display-name.js';
import { ACTIONS, type Grants, type Principal } from './principal.js';

const GUEST_KEY = /^[A-Za-z0-9]{16,64}$/;

/**
 * A guest: the same user wherever the same key is shown, on any instance; a new one without a key. The id is a hash, so that others
 * who see it cannot show the key.
 * @throws HubError `invalid` when the key has another form
 */
export function guestPrincipal({ name, guestKey }: { name?: unknown; guestKey?: unknown }, grants: Grants): Principal {
  if (guestKey !== undefined && !(typeof guestKey === 'string' && GUEST_KEY.test(guestKey))) {
    throw new HubError('invalid', 'a guestKey is 16 to 64 letters or digits');
  }
  const seed = guestKey ?? randomBytes(16).toString('hex');
  const id = `guest-${createHash('sha256').update(`roomcast guest ${seed}`).digest('hex').slice(0, 20)}`;
  return { user: { id, name: displayName(name) ?? `Guest ${id.slice(6, 10)}` }, guest: true, admin: false, grants };
}

/** Grants from `action:pattern` texts, as the option `guestGrants` lists them. */
export function grantsFrom(texts: readonly string[]): Grants {
  const of = (action: string) => texts.flatMap((text) => (text.startsWith(`${action}:`) ? text.slice(action.length + 1) : []));
  const [read, write, ingest] = ACTIONS.map(of);
  return { read: read!, write: write!, ingest: ingest! };
}
