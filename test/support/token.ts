import { SignJWT } from 'jose';

/** A secret as `ROOMCAST_TOKEN_SECRET` takes it. */
export const SECRET = 'a-secret-of-the-tests-with-more-than-32-bytes';

/** An HS256 token; `expiresInS` may be negative. */
export function mintToken(
  claims: Record<string, unknown>,
  { sub, expiresInS = 3600, secret = SECRET }: { sub: string; expiresInS?: number; secret?: string },
): Promise<string> {
  const nowS = Math.floor(Date.now() / 1000);
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + expiresInS)
    .sign(new TextEncoder().encode(secret));
}
