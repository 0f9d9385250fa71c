import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { type AuthenticatorOptions, createAuthenticator } from './authenticator.js';
import { mintToken } from './mint-token.js';

const SECRET = 'a secret of thirty-two bytes or more';
const key = new TextEncoder().encode(SECRET);
const withSecret = (more: Partial<AuthenticatorOptions> = {}) => createAuthenticator({ tokenSecret: SECRET, guests: false, ...more });
const sign = (claims: Record<string, unknown>, secret = key) => new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(secret);
const refused = (message: RegExp | string, code = 'unauthorized') =>
  expect.objectContaining({ name: 'HubError', code, message: expect.stringMatching(message) });

test('a minted token makes the user that it says, with its rooms and its end', async () => {
  const token = await mintToken(
    { sub: 'ada', name: 'Ada', rooms: { read: ['chat:*'], ingest: ['metrics:web-1'] } },
    { tokenSecret: SECRET, expiresInMs: 60_000, now: () => 1_700_000_000_000 },
  );
  expect(await withSecret({ now: () => 1_700_000_030_000 }).authenticate({ token })).toEqual({
    user: { id: 'ada', name: 'Ada' },
    guest: false,
    admin: false,
    grants: { read: ['chat:*'], write: [], ingest: ['metrics:web-1'] },
    // The hub takes it for five seconds longer, as clocks differ, and says so.
    expiresAt: 1_700_000_065_000,
  });
  await expect(withSecret({ now: () => 1_700_000_070_000 }).authenticate({ token })).rejects.toEqual(
    refused('the token expired at 2023-11-14T22:14:20.000Z'),
  );
});

test('a token without an end or a name has neither, and its user is called by the id', async () => {
  const principal = await withSecret().authenticate({ token: await mintToken({ sub: 'ada', admin: true }, { tokenSecret: SECRET }) });
  expect(principal).toEqual({
    user: { id: 'ada', name: 'ada' },
    guest: false,
    admin: true,
    grants: { read: [], write: [], ingest: [] },
  });
});

test.each([
  ['another secret', () => sign({ sub: 'ada' }, new TextEncoder().encode('another secret of thirty-two bytes')), /signature/],
  ['no signature', () => new UnsecuredJWT({ sub: 'ada' }).encode(), /takes no tokens/],
  ['no token at all', () => 'x.y', /no JSON Web Token/],
  ['not a text', () => 17, /no JSON Web Token/],
  ['9,000 characters', () => 'x'.repeat(9_000), /no JSON Web Token/],
  ['a start in the future', () => sign({ sub: 'ada', nbf: Date.now() / 1_000 + 60 }), /nbf/],
  ['no sub', () => sign({ name: 'Ada' }), /claim sub/],
  ['a sub with a line break', () => sign({ sub: 'a\nb' }), /claim sub/],
  ['the sub of the hub itself', () => sign({ sub: 'hub' }), /claim sub.*hub/],
  ['the sub of a guest', () => sign({ sub: 'guest-0123' }), /claim sub/],
  ['admin as a text', () => sign({ sub: 'ada', admin: 'true' }), /claim admin/],
  ['rooms that are no patterns', () => sign({ sub: 'ada', rooms: { read: ['chat:*:x'] } }), /claim rooms\.read\.0/],
  ['rooms as a text', () => sign({ sub: 'ada', rooms: 'chat:*' }), /claim rooms/],
])('a token with %s is refused, and the message says why', async (_, token, message) => {
  await expect(withSecret().authenticate({ token: await token() })).rejects.toEqual(refused(message));
});

test('issuer and audience are asked for where they are configured', async () => {
  const strict = withSecret({ tokenIssuer: 'https://issuer', tokenAudience: 'roomcast' });
  const minted = (more: object) => mintToken({ sub: 'ada' }, { tokenSecret: SECRET, ...more });
  await expect(strict.authenticate({ token: await minted({ tokenAudience: 'roomcast' }) })).rejects.toEqual(refused(/iss/));
  await expect(strict.authenticate({ token: await minted({ tokenIssuer: 'https://issuer', tokenAudience: 'other' }) })).rejects.toEqual(
    refused(/aud/),
  );
  const fitting = await minted({ tokenIssuer: 'https://issuer', tokenAudience: 'roomcast' });
  expect((await strict.authenticate({ token: fitting })).user.id).toBe('ada');
});

test('a public key is never taken as a secret, and a secret never as a public key', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const dir = await mkdtemp(join(tmpdir(), 'roomcast-auth-'));
  try {
    const jwks = join(dir, 'keys.json');
    const jwk = await exportJWK(publicKey);
    await writeFile(jwks, JSON.stringify({ keys: [{ ...jwk, kid: 'one', alg: 'ES256' }] }));
    const hub = createAuthenticator({ jwks, guests: false });
    const token = await new SignJWT({ sub: 'ada' }).setProtectedHeader({ alg: 'ES256', kid: 'one' }).sign(privateKey);
    expect((await hub.authenticate({ token })).user.id).toBe('ada');
    await expect(hub.authenticate({ token: await sign({ sub: 'eve' }, new TextEncoder().encode(JSON.stringify(jwk))) })).rejects.toEqual(
      refused(/signed with a secret/),
    );
    await expect(withSecret().authenticate({ token })).rejects.toEqual(refused(/algorithm/));
    const unknown = await new SignJWT({ sub: 'ada' }).setProtectedHeader({ alg: 'ES256', kid: 'two' }).sign(privateKey);
    await expect(hub.authenticate({ token: unknown })).rejects.toEqual(refused(/names no key/));
  } finally {
    await rm(dir, { recursive: true });
  }
});

test('who sends no token is a guest where guests are let in, and refused where not', async () => {
  const hub = createAuthenticator({ guests: true, guestGrants: ['ingest:logs:*', 'read:chat:lobby'] });
  const guest = await hub.authenticate({ name: ' Ada\n\u202eL ' });
  expect(guest).toMatchObject({ guest: true, admin: false, user: { name: 'Ada L', id: expect.stringMatching(/^guest-[0-9a-f]{20}$/) } });
  expect(guest.grants).toEqual({ read: ['chat:lobby'], write: [], ingest: ['logs:*'] });
  expect((await hub.authenticate({})).user.id).not.toBe(guest.user.id);
  await expect(withSecret().authenticate({ name: 'Ada' })).rejects.toEqual(refused(/a token is needed/));
  await expect(hub.authenticate({ token: 'x' })).rejects.toEqual(refused(/no key to check tokens/));
});

test('a guest with the same key is the same user on every instance, and the id does not tell the key', async () => {
  const guestKey = 'k'.repeat(16);
  const [one, other] = await Promise.all(
    [1, 2].map(async () => createAuthenticator({ guests: true }).authenticate({ guestKey, name: undefined })),
  );
  expect(one?.user).toEqual(other?.user);
  expect(one?.user.id).not.toContain(guestKey);
  for (const bad of ['short', 'k'.repeat(65), 'not-letters-or-digits', 17, {}]) {
    await expect(createAuthenticator({ guests: true }).authenticate({ guestKey: bad })).rejects.toEqual(refused(/guestKey/, 'invalid'));
  }
});
