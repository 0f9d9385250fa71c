import { expect, test } from '@jest/globals';
import { createApiPaths } from '../../test/support/api-paths.js';
import { get, send } from '../../test/support/http.js';
import { startHttpApp } from '../../test/support/http-app.js';
import { ingestRoutes } from '../../test/support/ingest-routes.js';
import { testScope } from '../../test/support/scope.js';
import type { SystemPublisher } from '../rooms/publisher.js';
import { createHttpApp, OWN_PATHS } from './app.js';

const scope = testScope();
const NO_PUBLISHER: SystemPublisher = { publish: () => Promise.reject(new Error('nothing is published here')) };
const ALLOWED = 'https://allowed.example';
const EVIL = 'https://evil.example';

test('[P72] a page of a foreign origin is refused, whatever it asks', async () => {
  const { url } = await startHttpApp(scope);
  const answers = [
    await get(`${url}/api/rooms`, { origin: EVIL }),
    await get(`${url}/api/rooms/chat:x/events`, { origin: EVIL }),
    await send('POST', `${url}/api/rooms/chat:x/messages`, { data: 1 }, { origin: EVIL }),
    await send('POST', `${url}/api/rooms/chat:x/messages`, { data: 1 }, { origin: 'null' }),
    await get(`${url}/metrics`, { origin: EVIL }),
  ];
  for (const answer of answers) {
    expect([answer.status, answer.body.error.code]).toEqual([403, 'origin_refused']);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  }
  expect((await get(`${url}/api/rooms/chat:x/messages`)).body.messages).toEqual([]);
});

test('[P72] a page on the allow-list reads the answers, the refusals too', async () => {
  const { url } = await startHttpApp(scope);
  for (const path of ['/api/rooms', '/api/rooms/nope:x/messages', '/api/nothing']) {
    const { headers } = await get(url + path, { origin: ALLOWED });
    expect([headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([ALLOWED, expect.stringContaining('Origin')]);
    expect(headers.get('access-control-expose-headers')).toContain('Retry-After');
    expect(headers.get('access-control-allow-credentials')).toBeNull();
  }
});

test('[P72] a preflight is answered for the allow-list only', async () => {
  const { url } = await startHttpApp(scope);
  const preflight = (origin: string) =>
    fetch(`${url}/api/rooms/chat:x/messages`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,idempotency-key' },
    });
  const allowed = await preflight(ALLOWED);
  expect(allowed.status).toBe(204);
  expect(allowed.headers.get('access-control-allow-methods')).toContain('POST');
  expect(allowed.headers.get('access-control-allow-headers')).toMatch(/Authorization.*Idempotency-Key.*If-None-Match.*Last-Event-ID/);
  expect((await preflight(EVIL)).status).toBe(403);
});

test('what is no page loads and runs nothing, whatever a browser takes it for', async () => {
  const { url } = await startHttpApp(scope);
  for (const path of ['/api/rooms', '/api/nothing', '/metrics', '/']) {
    const { headers } = await get(url + path);
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-powered-by')).toBeNull();
  }
});

test('every route lies under a path that is listed as the hub’s own', () => {
  const own = (path: string) => OWN_PATHS.some((start) => path === start || path.startsWith(`${start}/`));
  expect(createApiPaths(createHttpApp, { ingestRoutes: ingestRoutes(NO_PUBLISHER) }).filter(({ path }) => !own(path))).toEqual([]);
});
