import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:tls';
import { expect, test } from '@jest/globals';
import { writeCertificate } from './support/certificate.js';
import { startCluster } from './support/cluster.js';
import { temporaryDir } from './support/files.js';
import { get } from './support/http.js';
import { startHub } from './support/hub-process.js';
import { openRawSocket } from './support/raw-socket.js';
import { testScope } from './support/scope.js';
import { connectClient, countFrom, seqs } from './support/stock-client.js';
import { waitFor } from './support/wait.js';

const scope = testScope();
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
/** All byte values, at a length that no encoding divides evenly. */
const BYTES = Buffer.from(Array.from({ length: 70_001 }, (_, n) => (n * 31) % 256));

test.each([
  ['one hub', 1],
  ['two instances', 2],
])('binary inside a message comes through live, from the log and by any transport, with %s', async (_what, instances) => {
  const hubs = instances === 1 ? [await startHub(scope)] : (await startCluster(scope, { instances })).hubs;
  const [sender, reader, poller] = await Promise.all([
    connectClient(scope, hubs[0]!.url),
    connectClient(scope, hubs.at(-1)!.url),
    connectClient(scope, hubs.at(-1)!.url, { transports: ['polling'] }),
  ]);
  await Promise.all([reader.subscribe('chat:bin'), poller.subscribe('chat:bin')]);
  const data = { name: 'picture', parts: [BYTES, { small: Buffer.from([0, 255]) }], none: Buffer.alloc(0) };
  await sender.publish('chat:bin', data, { id: 'bin', type: 'image' });
  const heard = [await reader.hears('bin'), await poller.hears('bin'), (await reader.history('chat:bin')).messages[0]!];
  for (const message of heard) {
    const got = message.data as { parts: [Buffer, { small: Buffer }]; none: Buffer };
    expect(Buffer.isBuffer(got.parts[0])).toBe(true);
    expect(digest(got.parts[0])).toBe(digest(BYTES));
    expect([...got.parts[1].small]).toEqual([0, 255]);
    expect(got.none).toHaveLength(0);
    expect(message).toMatchObject({ type: 'image', data: { name: 'picture' } });
  }
  await sender.publish('chat:bin', BYTES, { id: 'bare' });
  expect(digest((await reader.hears('bare')).data as Buffer)).toBe(digest(BYTES));
});

test('with compression the client agrees on it, and small and large messages are whole and in order', async () => {
  const hub = await startHub(scope, {
    env: { ROOMCAST_COMPRESSION: 'on', ROOMCAST_COMPRESSION_THRESHOLD_BYTES: '64', ROOMCAST_LIMITS: 'off' },
  });
  const [sender, reader] = await Promise.all([
    connectClient(scope, hub.url, { perMessageDeflate: { threshold: 0 } }),
    connectClient(scope, hub.url),
  ]);
  const websocket = (reader.socket.io.engine.transport as unknown as { ws: { extensions: string } }).ws;
  expect(websocket.extensions).toContain('permessage-deflate');
  await reader.subscribe('chat:deflate');
  const texts = Array.from({ length: 200 }, (_, n) => (n % 3 === 0 ? `short ${n}` : `żółć ${n} `.repeat((n * 37) % 900)));
  await Promise.all(texts.map((text, n) => sender.publish('chat:deflate', { text }, { id: `m-${n}` })));
  await waitFor(() => reader.messages.length === texts.length);
  expect(seqs(reader.messages)).toEqual(countFrom(1, texts.length));
  for (const { id, data } of reader.messages) expect(data).toEqual({ text: texts[Number(id.slice(2))] });
});

test('without the option nothing is compressed', async () => {
  const hub = await startHub(scope);
  const client = await connectClient(scope, hub.url);
  expect((client.socket.io.engine.transport as unknown as { ws: { extensions: string } }).ws.extensions).toBe('');
});

/** The subject of the certificate that a new connection sees. */
function servedName(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

test('with a certificate it speaks WSS, takes a renewed one without a restart, and keeps its connections', async () => {
  const dir = await temporaryDir(scope);
  const { cert, key } = await writeCertificate(dir, 'first');
  const hub = await startHub(scope, { env: { ROOMCAST_TLS_CERT: cert, ROOMCAST_TLS_KEY: key } });
  expect(hub.url).toMatch(/^https:/);
  const ca = await readFile(cert, 'utf8');
  const client = await connectClient(scope, hub.url, { ca, transports: ['polling', 'websocket'] });
  await client.subscribe('chat:tls');
  expect(await servedName(hub.port)).toBe('first');

  await writeCertificate(dir, 'second');
  await waitFor(async () => (await servedName(hub.port)) === 'second', { what: 'the renewed certificate' });
  await client.publish('chat:tls', { text: 'same connection' }, { id: 'same' });
  await client.hears('same');
  await connectClient(scope, hub.url, { ca: await readFile(cert, 'utf8') });
});

test('a client whose link is dead is let go after a heartbeat without an answer', async () => {
  const hub = await startHub(scope, {
    env: { ROOMCAST_PING_INTERVAL_MS: '4000', ROOMCAST_PING_TIMEOUT_MS: '200', ROOMCAST_PRESENCE_GRACE_MS: '0' },
  });
  const dead = await openRawSocket(scope, hub.url, { connect: true });
  dead.send('420["subscribe",{"room":"chat:dead"}]');
  await dead.closed;
  expect(dead.heard.filter((packet) => packet.startsWith('430[{"ok":true,'))).toHaveLength(1);
  // Asked over HTTP: on a busy machine a client that watches could miss such a heartbeat too.
  await waitFor(async () => (await get(`${hub.url}/api/rooms/chat:dead/presence`)).body.count === 0, { what: 'nobody in the room' });
});
