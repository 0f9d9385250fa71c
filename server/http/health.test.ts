import { expect, test } from '@jest/globals';
import { get } from '../../test/support/http.js';
import { startHttpApp } from '../../test/support/http-app.js';
import { testScope } from '../../test/support/scope.js';

const scope = testScope();

test('[P88] a hub that should get no traffic says why, and lives all the same', async () => {
  let reasons: string[] = [];
  const { url } = await startHttpApp(scope, { notReadyBecause: async () => reasons });
  expect(await get(`${url}/readyz`)).toMatchObject({ status: 200, body: { status: 'ready' } });
  reasons = ['the store is away', 'draining'];
  expect(await get(`${url}/readyz`)).toMatchObject({ status: 503, body: { status: 'not ready', reasons } });
  expect(await get(`${url}/healthz`)).toMatchObject({ status: 200, body: { status: 'ok' } });
});

test('metrics come in Prometheus’ text format', async () => {
  const { url } = await startHttpApp(scope, { metricsText: async () => '# TYPE up gauge\nup 1\n' });
  const { headers, text } = await get(`${url}/metrics`);
  expect([headers.get('content-type'), text]).toEqual(['text/plain; version=0.0.4; charset=utf-8', '# TYPE up gauge\nup 1\n']);
});

test('metrics behind a token are read with that token only', async () => {
  const { url } = await startHttpApp(scope, { metricsAccess: { for: 'token', token: 'scraper' } });
  const status = async (authorization?: string) => (await get(`${url}/metrics`, authorization ? { authorization } : {})).status;
  expect([await status(), await status('Bearer other'), await status('Basic scraper')]).toEqual([401, 401, 401]);
  expect([await status('Bearer scraper'), await status('bearer  scraper')]).toEqual([200, 200]);
});

test('metrics for admins are read by admins only', async () => {
  const { url } = await startHttpApp(scope, { metricsAccess: { for: 'admins' } });
  expect(await get(`${url}/metrics`)).toMatchObject({ status: 403, body: { error: { code: 'forbidden' } } });
  expect((await get(`${url}/metrics`, { authorization: 'Bearer root' })).status).toBe(200);
});
