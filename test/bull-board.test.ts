import { expect, test } from '@jest/globals';
import { get, send } from './support/http.js';
import { startHub } from './support/hub-process.js';
import { startRedis } from './support/redis.js';
import { testScope } from './support/scope.js';
import { mintToken, SECRET } from './support/token.js';
import { waitFor } from './support/wait.js';

const scope = testScope();
const ON = { ROOMCAST_BULL_BOARD: 'on', ROOMCAST_TOKEN_SECRET: SECRET };
const basic = (password: string) => ({ authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}` });

test('bull-board shows the queues to admins, lets nobody else in, and changes nothing', async () => {
  const redis = scope.defer(await startRedis(), (open) => open.stop());
  const { url } = await startHub(scope, { env: { ...ON, REDIS_URL: redis.url } });
  const page = `${url}/admin/queues`;
  const admin = basic(await mintToken({ admin: true }, { sub: 'root' }));

  const asked = await get(page);
  expect([asked.status, asked.headers.get('www-authenticate')]).toEqual([401, expect.stringMatching(/^Basic /)]);
  expect((await get(page, basic('nonsense'))).status).toBe(401);
  expect(await get(page, basic(await mintToken({}, { sub: 'tom' })))).toMatchObject({
    status: 403,
    body: { error: { code: 'forbidden' } },
  });
  expect((await get(`${page}/api/queues`)).status).toBe(401);

  const shown = await get(page, admin);
  expect(shown).toMatchObject({ status: 200, text: expect.stringContaining('<base href="/admin/queues/"') });
  const policy = shown.headers.get('content-security-policy');
  expect(policy).toMatch(/style-src 'self' 'unsafe-inline'/);
  expect(policy).toMatch(/script-src 'self'(;|$)/);
  expect((await get(url)).headers.get('content-security-policy')).not.toContain('unsafe-inline');
  const [script] = /static\/js\/main\.[^"]+/.exec(shown.text)!;
  expect((await get(`${page}/${script}`, admin)).status).toBe(200);

  const job = await send('POST', `${url}/api/jobs/prime-count`, { input: { below: 100 } }, admin);
  const done = await waitFor(async () => {
    const { body } = await get(`${page}/api/queues?activeQueue=threads`, admin);
    return body.queues.find(({ counts }: { counts: { completed: number } }) => counts.completed === 1);
  });
  expect(done).toMatchObject({ name: 'threads', readOnlyMode: true });
  const removed = await send('DELETE', `${page}/api/queues/threads/${job.body.jobId}`, undefined, admin);
  expect(removed.status).toBe(403);
  expect((await send('POST', `${page}/api/queues/pause`, {}, admin)).status).toBe(403);
});

test.each([
  ['where it is not asked for', { ...ON, ROOMCAST_BULL_BOARD: 'off' }],
  ['without Redis', ON],
])('there is no bull-board %s', async (_, env) => {
  const { url } = await startHub(scope, { env });
  const admin = basic(await mintToken({ admin: true }, { sub: 'root' }));
  // The hub's own pages are there as anywhere else.
  expect((await get(`${url}/admin/queues/api/queues`, admin)).body).toBeUndefined();
});
