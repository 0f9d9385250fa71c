import { decodeProtectedHeader, errors, type JWTVerifyOptions, jwtVerify } from 'jose';
import { HubError } from '../../shared/errors.js';
import { principalFrom } from './claims.js';
import { createGuests, grantsFrom } from './guest.js';
import { createKeySet } from './key-set.js';
import type { Principal } from './principal.js';

export interface AuthenticatorOptions {
  /** Secret of HS256 tokens. */
  readonly tokenSecret?: string | undefined;
  /** File or address of the public keys of tokens signed with one of `PUBLIC_KEY_ALGORITHMS`. */
  readonly jwks?: string | undefined;
  readonly tokenIssuer?: string | undefined;
  readonly tokenAudience?: string | undefined;
  readonly guests: boolean;
  /** `action:pattern` texts. */
  readonly guestGrants?: readonly string[];
  readonly now?: () => number;
}

/** What a client shows: in the handshake's `auth`, or in an HTTP request. The fields come from outside and may be anything. */
export interface Credentials {
  readonly token?: unknown;
  readonly name?: unknown;
  readonly guestKey?: unknown;
}

export interface Authenticator {
  /**
   * A token makes a user; none makes a guest, where guests are let in.
   * @throws HubError `unauthorized` with what is wrong, `invalid` on a malformed guestKey, `unavailable` while keys cannot be read
   */
  authenticate(credentials: Credentials): Promise<Principal>;
}

const PUBLIC_KEY_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
const TOKEN_CHARS = 8_192;
/** Seconds that two machines' clocks may differ: a token counts for so long past its end. */
const CLOCK_TOLERANCE_S = 5;

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const now = options.now ?? Date.now;
  const secret = options.tokenSecret === undefined ? undefined : new TextEncoder().encode(options.tokenSecret);
  const keySet = options.jwks === undefined ? undefined : createKeySet({ source: options.jwks, now });
  const guestOf = createGuests(grantsFrom(options.guestGrants ?? []));

  const verify = async (token: string): Promise<unknown> => {
    const wanted: JWTVerifyOptions = {
      ...(options.tokenIssuer === undefined ? {} : { issuer: options.tokenIssuer }),
      ...(options.tokenAudience === undefined ? {} : { audience: options.tokenAudience }),
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: new Date(now()),
    };
    // The header only chooses between our own keys: each is used with its own algorithms and no other.
    const symmetric = decodeProtectedHeader(token).alg === 'HS256';
    if (symmetric && secret) return (await jwtVerify(token, secret, { ...wanted, algorithms: ['HS256'] })).payload;
    if (!symmetric && keySet) return (await jwtVerify(token, keySet, { ...wanted, algorithms: PUBLIC_KEY_ALGORITHMS })).payload;
    throw new HubError('unauthorized', `this hub takes no tokens ${symmetric ? 'signed with a secret' : 'of that algorithm'}`);
  };

  return {
    authenticate: async ({ token, name, guestKey }) => {
      if (token === undefined || token === null || token === '') {
        if (options.guests) return guestOf({ name, guestKey: guestKey ?? undefined });
        throw new HubError('unauthorized', 'a token is needed, and none was sent');
      }
      if (!secret && !keySet) throw new HubError('unauthorized', 'this hub has no key to check tokens with: connect without one');
      if (typeof token !== 'string' || token.length > TOKEN_CHARS) throw new HubError('unauthorized', 'the token is no JSON Web Token');
      const claims = await verify(token).catch((error: unknown) => {
        throw error instanceof HubError ? error : new HubError('unauthorized', reason(error));
      });
      const principal = principalFrom(claims);
      const { expiresAt } = principal;
      return expiresAt === undefined ? principal : { ...principal, expiresAt: expiresAt + CLOCK_TOLERANCE_S * 1_000 };
    },
  };
}

/** Why a token was refused, in words that help whoever sent it and tell nobody else anything. */
function reason(error: unknown): string {
  if (error instanceof errors.JWTExpired) {
    const { exp } = error.payload;
    return `the token expired${typeof exp === 'number' ? ` at ${new Date(exp * 1_000).toISOString()}` : ''}`;
  }
  if (error instanceof errors.JWTClaimValidationFailed) return `the token's ${error.claim} is not what this hub takes`;
  if (error instanceof errors.JWSSignatureVerificationFailed) return "the token's signature is not from a key of this hub";
  if (error instanceof errors.JWKSNoMatchingKey) return 'the token names no key that this hub knows';
  if (error instanceof errors.JWKSMultipleMatchingKeys) return 'the token names no key (kid), and several fit';
  if (error instanceof errors.JOSEAlgNotAllowed) return "the token's algorithm is not one that this hub takes";
  return 'the token is no JSON Web Token';
}
