import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { writeCertificate } from '../test/support/certificate.js';
import { waitFor } from '../test/support/wait.js';
import { createHttpServer } from './tls.js';

let dir: string;
let log: string[];
let servers: Server[];
const logger = {
  info: (message: string) => void log.push(message),
  warn: (_: object, message: string) => void log.push(message),
};
const files = () => ({ tlsCert: join(dir, 'cert.pem'), tlsKey: join(dir, 'key.pem') });

beforeEach(async () => {
  log = [];
  servers = [];
  dir = await mkdtemp(join(tmpdir(), 'roomcast-tls-'));
});
afterEach(async () => {
  for (const server of servers) server.close();
  await rm(dir, { recursive: true });
});

/** The common name of the certificate that the server shows, its own certificate trusted. */
async function shown(port: number, ca: Buffer): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', ca });
  try {
    await once(socket, 'secureConnect');
    return String(socket.getPeerCertificate().subject.CN);
  } finally {
    socket.destroy();
  }
}

test('a certificate that changes is shown to new connections, and a broken one is not taken', async () => {
  const first = await readFile((await writeCertificate(dir, 'first')).cert);
  const server = createHttpServer({ ...files(), log: logger, lookMs: 20 });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect(await shown(port, first)).toBe('first');

  await writeFile(files().tlsCert, 'broken');
  await waitFor(() => log.includes('the new TLS certificate cannot be used; the one before stays'));
  expect(await shown(port, first)).toBe('first');

  const second = await readFile((await writeCertificate(dir, 'second')).cert);
  await waitFor(async () => (await shown(port, second)) === 'second');
  expect(log.at(-1)).toBe('took the new TLS certificate');
});

test('a pair that does not fit, or is not there, stops the start with one line', async () => {
  expect(() => createHttpServer({ ...files(), log: logger })).toThrow(/ENOENT.*cert\.pem/);
  await writeCertificate(dir, 'first');
  const { key } = await writeCertificate(await mkdtemp(join(dir, 'other-')), 'other');
  await writeFile(files().tlsKey, await readFile(key));
  expect(() => createHttpServer({ ...files(), log: logger })).toThrow(
    /^.*cert\.pem and .*key\.pem are no certificate and key that fit: .*mismatch/,
  );
});

test('without certificate files the server speaks plain HTTP', async () => {
  const server = createHttpServer({ log: logger });
  server.on('request', (_, response) => response.end('plain'));
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  expect(await answer.text()).toBe('plain');
});
