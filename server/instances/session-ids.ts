import { randomBytes } from 'node:crypto';

/** Random bytes of an Engine.IO session id: as many as Engine.IO's own have. */
const ID_BYTES = 15;
const OWNER = /^\/socket\.io\/[^?]*\?(?:[^#]*&)?sid=([0-9]{1,15})-/;

/** An Engine.IO session id that names the instance that holds the session: `3-mTgXv0_...`. */
export function newSessionId(instance: number): string {
  return `${instance}-${randomBytes(ID_BYTES).toString('base64url')}`;
}

/** The instance that a request's session names; undefined where the request has no session. */
export function sessionOwner(url: string | undefined): number | undefined {
  const owner = OWNER.exec(url ?? '')?.[1];
  return owner === undefined ? undefined : Number(owner);
}
