import { createHash } from 'node:crypto';
import { HubError } from '../../shared/errors.js';
import { createRandomTexts } from '../random-texts.js';
import { displayName } from './display-name.js';
import { ACTIONS, type Grants, type Principal } from './principal.js';

const GUEST_KEY = /^[A-Za-z0-9]{16,64}$/;
const ID_CHARS = 20;

/**
 * Makes guests: the same user wherever the same key is shown, on any instance; a new one without a key. Its id is a hash of the key, so that
 * others who see it cannot show the key. The function throws HubError `invalid` when the key has another form.
 */
export function createGuests(grants: Grants): (shown: { name?: unknown; guestKey?: unknown }) => Principal {
  const randomId = createRandomTexts(ID_CHARS / 2, 'hex');
  return ({ name, guestKey }) => {
    if (guestKey !== undefined && !(typeof guestKey === 'string' && GUEST_KEY.test(guestKey))) {
      throw new HubError('invalid', 'a guestKey is 16 to 64 letters or digits');
    }
    const id = `guest-${guestKey === undefined ? randomId() : hashOf(guestKey)}`;
    return { user: { id, name: displayName(name) ?? `Guest ${id.slice(6, 10)}` }, guest: true, admin: false, grants };
  };
}

function hashOf(guestKey: string): string {
  return createHash('sha256').update(`roomcast guest ${guestKey}`).digest('hex').slice(0, ID_CHARS);
}

/** Grants from `action:pattern` texts, as the option `guestGrants` lists them. */
export function grantsFrom(texts: readonly string[]): Grants {
  const of = (action: string) => texts.flatMap((text) => (text.startsWith(`${action}:`) ? text.slice(action.length + 1) : []));
  const [read, write, ingest] = ACTIONS.map(of);
  return { read: read!, write: write!, ingest: ingest! };
}
