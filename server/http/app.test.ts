import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { expect, test } from '@jest/globals';
import express from 'express';
import { HubError } from '../../shared/errors.js';
import { get, send } from '../../test/support/http.js';
import { appOptions, listen, memoryRooms, startHttpApp } from '../../test/support/http-app.js';
import { testScope } from '../../test/support/scope.js';
import { waitFor } from '../../test/support/wait.js';
import { createHttpApp } from './app.js';

const scope = testScope();

test('[P73] unknown paths are not found, in JSON', async () => {
  const { url } = await startHttpApp(scope);
  for (const path of ['/api', '/api/', '/api/nothing', '/api/rooms/chat:x', '/nothing', '/nothing.html', '/']) {
    expect(await get(url + path)).toMatchObject({ status: 404, body: { error: { code: 'not_found', retry: 'never' } } });
  }
});

test('[P73] a method that a path does not have is told with those it has', async () => {
  const { url } = await startHttpApp(scope);
  const answer = await send('DELETE', `${url}/api/rooms/chat:x/messages`);
  expect([answer.status, answer.headers.get('allow'), answer.body.error.code]).toEqual([405, 'GET, POST, HEAD, OPTIONS', 'unknown_event']);
  const options = await fetch(`${url}/api/rooms`, { method: 'OPTIONS' });
  expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
  const head = await fetch(`${url}/api/rooms`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
});

test('[P74] a body that is no JSON is refused, whatever is wrong with it', async () => {
  const { url } = await startHttpApp(scope);
  const post = async (body: string | null, headers: Record<string, string>) => {
    const response = await fetch(`${url}/api/rooms/chat:x/messages`, { method: 'POST', body, headers });
    return [response.status, ((await response.json()) as { error: { code: string } }).error.code];
  };
  const json = 'application/json';
  expect(await post('{"data":', { 'content-type': json })).toEqual([400, 'invalid']);
  expect(await post('{"data":1}', { 'content-type': 'text/plain' })).toEqual([400, 'invalid']);
  expect(await post('data=1', { 'content-type': 'application/x-www-form-urlencoded' })).toEqual([400, 'invalid']);
  expect(await post(null, {})).toEqual([400, 'invalid']);
  expect(await post('"text"', { 'content-type': json })).toEqual([400, 'invalid']);
  expect(await post('{"data":1}', { 'content-type': `${json}; charset=latin1` })).toEqual([400, 'invalid']);
  expect(await post('{"data":1}', { 'content-type': json, 'content-encoding': 'gzip' })).toEqual([400, 'invalid']);
  expect(await post('{"data":1}', { 'content-type': json, 'content-encoding': 'rot13' })).toEqual([400, 'invalid']);
  expect(await post(`{"data":"${'x'.repeat(10_000)}"}`, { 'content-type': json })).toEqual([413, 'too_large']);
});

test('a body that does not arrive in time is cut off', async () => {
  const { rooms } = memoryRooms(scope);
  const options = appOptions(rooms);
  const { url } = await startHttpApp(scope, { limits: { ...options.limits, bodyTimeoutMs: 20 } });
  const slow = request(`${url}/api/rooms/chat:x/messages`, { method: 'POST', headers: { 'content-type': 'application/json' } });
  const ended = new Promise((resolve) => slow.once('error', resolve));
  slow.write('{"data":');
  await ended;
});

test('malformed addresses are invalid', async () => {
  const { url } = await startHttpApp(scope);
  expect(await get(`${url}/api/rooms/%E0%A4%A/messages`)).toMatchObject({ status: 400, body: { error: { code: 'invalid' } } });
});

test('[P22] a fault of the hub is told as such, and its text stays inside', async () => {
  const { url, faults } = await startHttpApp(scope, {
    disconnectUser: async () => Promise.reject(new TypeError('the secret is 1234')),
  });
  const answer = await send('POST', `${url}/api/users/bob/disconnect`, undefined, { authorization: 'Bearer root' });
  expect(answer).toMatchObject({ status: 500, body: { error: { code: 'internal', retry: 'later' } } });
  expect(answer.text).not.toContain('1234');
  expect(faults).toMatchObject([{ err: expect.any(TypeError), method: 'POST', path: '/api/users/bob/disconnect' }]);
});

test('[P69] a store that is away is told with the time to come back', async () => {
  const { rooms } = memoryRooms(scope);
  const away = Object.assign(Object.create(rooms), { list: async () => Promise.reject(new HubError('unavailable', undefined, 1_200)) });
  const { url } = await startHttpApp(scope, { rooms: away });
  const answer = await get(`${url}/api/rooms`);
  expect([answer.status, answer.headers.get('retry-after'), answer.body.error.code]).toEqual([503, '2', 'unavailable']);
});

test('[P71] a token that is refused is answered 401', async () => {
  const { url } = await startHttpApp(scope);
  const answer = await get(`${url}/api/rooms`, { authorization: 'Bearer nobody' });
  expect([answer.status, answer.headers.get('www-authenticate'), answer.body.error.retry]).toEqual([401, 'Bearer', 'after-auth']);
});

test('users are disconnected by admins only', async () => {
  const gone: string[] = [];
  const { url } = await startHttpApp(scope, { disconnectUser: async (userId) => void gone.push(userId) });
  const disconnect = (id: string, token: string) =>
    send('POST', `${url}/api/users/${id}/disconnect`, undefined, { authorization: `Bearer ${token}` });
  expect((await disconnect('bob', 'alice')).body.error.code).toBe('forbidden');
  expect((await disconnect('x'.repeat(129), 'root')).body.error.code).toBe('invalid');
  expect((await disconnect('b%2Fb', 'root')).status).toBe(204);
  expect(gone).toEqual(['b/b']);
});

test('requests are logged without their query', async () => {
  const lines: object[] = [];
  const { url } = await startHttpApp(scope, { log: { debug: (fields) => void lines.push(fields), error: () => {} } });
  await get(`${url}/api/rooms?access_token=alice`);
  await waitFor(() => lines.length > 0);
  expect(lines).toEqual([{ method: 'GET', path: '/api/rooms', status: 200, ms: expect.any(Number), whole: true }]);
});

test('mounted in an application, the hub answers what is its own and leaves the rest alone', async () => {
  const { rooms } = memoryRooms(scope);
  const hub = createHttpApp({ ...appOptions(rooms), embedded: true });
  const theirs = express();
  theirs.use(hub.app);
  theirs.get('/api/theirs', (_req, res) => void res.json({ theirs: true }));
  theirs.use((_req, res) => void res.status(404).send('their own 404'));
  const url = await listen(scope, createServer(theirs));
  const own = await get(`${url}/api/rooms`);
  expect([own.status, own.headers.get('content-security-policy')]).toEqual([200, expect.stringContaining("default-src 'none'")]);
  const other = await get(`${url}/api/theirs`);
  expect([other.body, other.headers.get('content-security-policy')]).toEqual([{ theirs: true }, null]);
  expect((await get(`${url}/api/nothing`)).text).toBe('their own 404');
  expect((await get(`${url}/page`)).text).toBe('their own 404');
  expect((await get(`${url}/api/rooms/chat:x/nothing`)).text).toBe('their own 404');
});

test('mounted below a path, the hub names its own addresses there', async () => {
  const { rooms } = memoryRooms(scope);
  const state = { jobId: 'j1', name: 'sum', state: 'queued', revision: 1, createdAt: 0 } as const;
  const options = appOptions(rooms);
  const hub = createHttpApp({ ...options, jobs: { ...options.jobs, submit: async () => state }, embedded: true });
  const url = await listen(scope, createServer(express().use('/hub', hub.app)));
  expect((await send('POST', `${url}/hub/api/jobs/sum`, { input: 1 })).headers.get('location')).toBe('/hub/api/jobs/j1');
});

test('on a plain HTTP server the hub hands on what is not its own', async () => {
  const { rooms } = memoryRooms(scope);
  const { app } = createHttpApp({ ...appOptions(rooms), embedded: true });
  const server = createServer((req, res) => app(req as never, res as never, () => res.end('theirs')));
  const url = await listen(scope, server);
  expect((await get(`${url}/healthz`)).body).toEqual({ status: 'ok' });
  expect((await get(`${url}/else`)).text).toBe('theirs');
});

test('[P18] broken requests end their connection and nothing else', async () => {
  const { url } = await startHttpApp(scope);
  for (const bytes of ['GET\r\n\r\n', 'GET /api/rooms HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', '\0\0\0\0\r\n\r\n']) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const ended = new Promise((resolve) => socket.on('error', () => {}).once('close', resolve));
    socket.resume().write(bytes);
    await ended;
  }
  expect((await get(`${url}/healthz`)).status).toBe(200);
});
