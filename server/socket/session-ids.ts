import { randomFillSync } from 'node:crypto';

/** Random bytes of an id: as many as Engine.IO's own have, and 20 characters without padding. */
const ID_BYTES = 15;
const IDS_AT_ONCE = 256;

/** Makes Engine.IO session ids; the system is asked for the random bytes of many at once. */
export function createSessionIds(): () => string {
  const bytes = Buffer.alloc(ID_BYTES * IDS_AT_ONCE);
  let used = bytes.length;
  return () => {
    if (used === bytes.length) {
      randomFillSync(bytes);
      used = 0;
    }
    const id = bytes.toString('base64url', used, used + ID_BYTES);
    used += ID_BYTES;
    return id;
  };
}
