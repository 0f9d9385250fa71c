import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { createKeySet, readKeySet } from './key-set.js';

type Answer = () => { status?: number; body: string };
let server: Server;
let answer: Answer;
let requests = 0;
const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;

beforeEach(async () => {
  requests = 0;
  server = createServer((_, response) => {
    requests++;
    const { status = 200, body } = answer();
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

async function signer(kid: string) {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'ES256' };
  const token = await new SignJWT({ sub: kid }).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey);
  return { jwk, token };
}
const publish = (...jwks: object[]): Answer => {
  return () => ({ body: JSON.stringify({ keys: jwks }) });
};

test('many tokens at once read the keys once', async () => {
  const { jwk, token } = await signer('one');
  answer = publish(jwk);
  const keys = createKeySet({ source: address() });
  await Promise.all(Array.from({ length: 20 }, () => jwtVerify(token, keys)));
  expect(requests).toBe(1);
});

test('a token with a new key makes the keys be read again, but not more often than the cooldown', async () => {
  const [one, two, stranger] = [await signer('one'), await signer('two'), await signer('three')];
  let now = 0;
  answer = publish(one.jwk);
  const keys = createKeySet({ source: address(), cooldownMs: 1_000, now: () => now });
  await jwtVerify(one.token, keys);
  answer = publish(one.jwk, two.jwk);
  await expect(jwtVerify(two.token, keys)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
  expect(requests).toBe(1);
  now = 1_000;
  expect((await jwtVerify(two.token, keys)).payload.sub).toBe('two');
  for (let i = 0; i < 5; i++) await expect(jwtVerify(stranger.token, keys)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
  expect(requests).toBe(2);
});

test('keys in hand are used while their source fails; without any, tokens cannot be checked for now', async () => {
  const { jwk, token } = await signer('one');
  let now = 0;
  answer = () => ({ status: 500, body: 'no' });
  const keys = createKeySet({ source: address(), cooldownMs: 1_000, refreshMs: 5_000, now: () => now });
  await expect(jwtVerify(token, keys)).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 1_000 });
  answer = publish(jwk);
  now = 1_000;
  await jwtVerify(token, keys);
  answer = () => ({ body: 'no keys' });
  now = 100_000;
  expect((await jwtVerify(token, keys)).payload.sub).toBe('one');
});

test('a source that answers without end, or with something else, is given up', async () => {
  answer = () => ({ body: 'x'.repeat(2 * 1024 * 1024) });
  await expect(readKeySet(address(), 3_000)).rejects.toThrow('more than 1048576 bytes');
  answer = () => ({ body: '[]' });
  await expect(readKeySet(address(), 3_000)).rejects.toThrow('no JSON Web Key Set');
  await expect(readKeySet('/nonexistent/keys.json', 3_000)).rejects.toThrow('ENOENT');
});
