import { SignJWT } from 'jose';
import { principalFrom, type TokenClaims } from './claims.js';

export interface MintOptions {
  /** At least 32 bytes. */
  readonly tokenSecret: string;
  /** Undefined: the token does not expire. */
  readonly expiresInMs?: number | undefined;
  readonly tokenIssuer?: string | undefined;
  readonly tokenAudience?: string | undefined;
  readonly now?: () => number;
}

/**
 * Makes an HS256 token that a hub with the same secret takes.
 * @throws HubError `unauthorized` naming the claim that no hub would take
 */
export async function mintToken(claims: TokenClaims, options: MintOptions): Promise<string> {
  principalFrom(claims);
  const issuedAt = Math.floor((options.now ?? Date.now)() / 1_000);
  const { sub, ...rest } = claims;
  const jwt = new SignJWT({ ...rest }).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).setSubject(sub).setIssuedAt(issuedAt);
  if (options.tokenIssuer !== undefined) jwt.setIssuer(options.tokenIssuer);
  if (options.tokenAudience !== undefined) jwt.setAudience(options.tokenAudience);
  if (options.expiresInMs !== undefined) jwt.setExpirationTime(issuedAt + Math.ceil(options.expiresInMs / 1_000));
  return jwt.sign(new TextEncoder().encode(options.tokenSecret));
}
