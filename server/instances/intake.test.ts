import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createNetServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from '@jest/globals';
import { Intake, type Load } from './intake.js';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A port whose connections a server that does not listen gets, and a client's connection to it. */
async function front({ head, headersTimeout = 60_000 }: { head?: Buffer; headersTimeout?: number } = {}) {
  const server = createServer({ headersTimeout, requestTimeout: 0, connectionsCheckingInterval: 10 }, (req, res) => res.end(req.url));
  const loads: Load[] = [];
  const intake = new Intake(server, (load) => loads.push(load));
  let number = 0;
  const port = createNetServer((socket) => intake.take(++number, socket, head));
  port.listen(0, '127.0.0.1');
  await once(port, 'listening');
  const client: Socket = connect((port.address() as AddressInfo).port, '127.0.0.1');
  ends.push(
    () => new Promise((resolve) => port.close(resolve)),
    () => server.close().closeAllConnections(),
    () => client.destroy(),
  );
  return { client, intake, loads };
}

test('a server that does not listen answers on connections that it is given, and counts them', async () => {
  const { client, loads } = await front();
  client.write('GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  expect(await text(client)).toMatch(/^HTTP\/1.1 200 [\s\S]*\/hello$/);
  await new Promise((resolve) => setImmediate(resolve));
  expect(loads[0]).toEqual({ taken: 1, closed: 0 });
});

test('a request that another process has read is answered first, then what follows it', async () => {
  const { client } = await front({ head: Buffer.from('GET /first HTTP/1.1\r\nHost: x\r\n\r\n') });
  client.write('GET /second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  expect(await text(client)).toMatch(/\/first[\s\S]*\/second$/);
});

test('a client that does not finish its headers is turned away', async () => {
  const { client } = await front({ headersTimeout: 50 });
  client.write('GET /slow HTTP/1.1\r\nHost:');
  expect(await text(client)).toMatch(/^HTTP\/1.1 408 /);
});

test('a connection that its client closed on the way counts as ended', async () => {
  const { intake, loads } = await front();
  intake.take(7, undefined);
  await new Promise((resolve) => setImmediate(resolve));
  expect(loads.at(-1)).toEqual({ taken: 7, closed: 1 });
});
