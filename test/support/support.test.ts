import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { expect, test } from '@jest/globals';
import { startChild } from '../../server/cli/child.js';
import { testScope } from './scope.js';
import { openSse } from './sse-client.js';
import { startTcpProxy } from './tcp-proxy.js';
import { waitFor } from './wait.js';

const scope = testScope();

test('what a scope was given is undone in reverse, although one fails', async () => {
  const undone: string[] = [];
  const run = startChild('sh', 'sh', ['-c', 'echo ready; exec sleep 60'], { env: { PATH: process.env.PATH } });
  const child = scope.defer(await run, async (started) => {
    const exit = await started.stop();
    undone.push('child');
    expect({ exit, undone }).toEqual({ exit: { code: null, signal: 'SIGTERM' }, undone: ['later', 'child'] });
  });
  scope.defer('later', (name) => undone.push(name));
  expect((await child.printed(/rea(dy)/))[1]).toBe('dy');
});

test('waiting for a line of a process that ends first fails with what it printed', async () => {
  const child = await startChild('sh', 'sh', ['-c', 'echo something else; exit 3'], { env: { PATH: process.env.PATH } });
  await expect(child.printed(/never/)).rejects.toThrow(/code 3.*something else/s);
  await expect(startChild('none', '/no/such/program', [], { env: {} })).rejects.toThrow(/cannot be started/);
});

test('the event stream parser takes what the standard allows and nothing else', async () => {
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    if (request.url === '/good') response.write(': hello\nretry: 1500\nid: a:1\nevent: x\ndata: one\r\ndata:two\n\ndata: three\n\n');
    else response.write('dada: one\n\n');
  });
  scope.defer(server.listen(0, '127.0.0.1'), () => new Promise((done) => server.close(done).closeAllConnections()));
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const good = await openSse(scope, `http://127.0.0.1:${port}/good`);
  await good.event(({ data }) => data === 'three');
  expect(good.events).toEqual([
    { event: 'x', data: 'one\ntwo', id: 'a:1' },
    { event: 'message', data: 'three', id: 'a:1' },
  ]);
  expect(good).toMatchObject({ comments: ['hello'] });
  expect(good.retryMs()).toBe(1500);
  const bad = await openSse(scope, `http://127.0.0.1:${port}/bad`);
  await expect(bad.event(() => true, 200)).rejects.toThrow(/waited/);
});

test('the faulty proxy passes, holds, slows, keeps order when it delays, and cuts', async () => {
  const echo = createTcpServer((socket) => socket.pipe(socket).on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  scope.defer(echo, () => new Promise((done) => echo.close(done)));
  const proxy = await startTcpProxy(scope, { port: (echo.address() as { port: number }).port });
  const client = scope.defer(connect({ port: proxy.port, host: '127.0.0.1' }), (socket) => socket.destroy());
  let heard = '';
  client.setNoDelay(true).on('error', () => undefined);
  client.on('data', (chunk) => {
    heard += chunk;
  });
  client.write('a');
  await waitFor(() => heard === 'a');
  proxy.delay(30);
  client.write('b');
  await waitFor(() => proxy.connections() === 1);
  proxy.heal();
  client.write('c');
  await waitFor(() => heard === 'abc');
  proxy.throttle(100_000);
  const long = 'x'.repeat(20_000);
  client.write(long);
  const startMs = performance.now();
  await waitFor(() => heard === `abc${long}`);
  // 200 ms each way, the ways partly at once; a timer may be early by a millisecond.
  expect(performance.now() - startMs).toBeGreaterThan(195);
  proxy.heal();
  heard = 'abc';
  proxy.blackHole();
  client.write('d');
  const barrier = scope.defer(connect({ port: proxy.port, host: '127.0.0.1' }), (socket) => socket.destroy());
  barrier.on('error', () => undefined);
  await once(barrier, 'connect');
  expect(heard).toBe('abc');
  proxy.heal();
  await waitFor(() => heard === 'abcd');
  proxy.cut();
  await waitFor(() => client.destroyed);
  await waitFor(() => proxy.connections() === 0);
});
