import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { get } from '../../test/support/http.js';
import { testScope } from '../../test/support/scope.js';
import type { MetricsAccess } from '../http/health.js';
import { createWorkerServer } from './worker-pages.js';

const scope = testScope();
const log = { debug() {}, info() {}, warn() {}, error() {} };

async function start(metricsAccess: MetricsAccess, reasons: string[] = []): Promise<string> {
  const server = createWorkerServer({ log, metricsAccess, metricsText: async () => 'busy 1\n', notReadyBecause: () => reasons });
  scope.defer(server, (open) => open.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a worker tells its health, its readiness and its metrics, and nothing else', async () => {
  const url = await start({ for: 'anyone' }, ['Redis cannot be reached']);
  expect((await get(`${url}/healthz`)).body).toEqual({ status: 'ok' });
  expect(await get(`${url}/readyz`)).toMatchObject({ status: 503, body: { reasons: ['Redis cannot be reached'] } });
  expect((await get(`${url}/metrics`)).text).toBe('busy 1\n');
  expect(await get(`${url}/api/rooms`)).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
});

test('its metrics are for the token, and for nobody where it has none and others could ask', async () => {
  const withToken = await start({ for: 'token', token: 'scrape' });
  expect((await get(`${withToken}/metrics`)).status).toBe(401);
  expect((await get(`${withToken}/metrics`, { authorization: 'Bearer scrape' })).status).toBe(200);
  const open = await start({ for: 'admins' });
  expect((await get(`${open}/metrics`, { authorization: 'Bearer anything' })).status).toBe(401);
  expect((await get(`${open}/healthz`)).status).toBe(200);
});
