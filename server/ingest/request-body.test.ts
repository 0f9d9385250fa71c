import { brotliCompressSync, createGzip, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, expect, test } from '@jest/globals';
import { compressSync } from 'snappy';
import { answerOf, closeIngestHubs, ingestHub, sender } from '../../test/support/ingest-hub.js';
import { systemClock } from '../observe/clock.js';

afterEach(closeIngestHubs);

test('many lines arrive whole and in order, whatever their chunks', async () => {
  const { post, texts } = await ingestHub();
  const all = Array.from({ length: 30_000 }, (_, i) => `line ${i} ${'é'.repeat(i % 50)}`);
  expect((await post('/api/ingest/logs:a', all.join('\n'), {})).json).toMatchObject({ accepted: 30_000, refused: 0 });
  expect(texts()).toEqual(all);
});

test('a sender that is faster than the store waits, and everything it sent arrives', async () => {
  const { post, store, texts } = await ingestHub();
  let release = () => {};
  store.slow = { room: 'logs:a', until: new Promise((resolve) => (release = resolve)) };
  const all = Array.from({ length: 50_000 }, (_, i) => `line ${i} ${'x'.repeat(50)}`);
  const posted = post('/api/ingest/logs:a', all.join('\n'));
  // Requests that come and go meanwhile show that there was time to read the large one as far as it is read.
  for (let i = 0; i < 30; i++) expect((await post('/api/ingest/logs:b', 'x')).status).toBe(200);
  release();
  expect(await posted).toMatchObject({ status: 200, json: { accepted: 50_000 } });
  expect(texts()).toEqual(all);
});

test('a body that stays open is a live stream, packed or not', async () => {
  const { open, texts, storedNext } = await ingestHub();
  const plain = open('/api/ingest/logs:a', { 'content-type': 'text/plain' });
  for (const text of ['first', 'second', 'third']) {
    const stored = storedNext();
    plain.write(`${text}\n`);
    await stored;
    expect(texts().at(-1)).toBe(text);
  }
  plain.end('last');
  expect(await answerOf(plain)).toMatchObject({ status: 200, json: { accepted: 4 } });

  const packed = open('/api/ingest/logs:a', { 'content-type': 'text/plain', 'content-encoding': 'gzip' });
  const gzip = createGzip();
  gzip.pipe(packed);
  const stored = storedNext();
  gzip.write('packed\n');
  gzip.flush();
  await stored;
  expect(texts().at(-1)).toBe('packed');
  gzip.end();
  expect(await answerOf(packed)).toMatchObject({ status: 200, json: { accepted: 1 } });
});

test('a stream whose token ends is told so with its next line', async () => {
  const principal = { ...sender(['logs:*']), expiresAt: Date.now() + 60_000 };
  let now = Date.now();
  const clock = { ...systemClock, now: () => now };
  const { open, storedNext } = await ingestHub({ principal, service: { clock } });
  const stream = open('/api/ingest/logs:a', { 'content-type': 'text/plain' });
  const stored = storedNext();
  stream.write('in time\n');
  await stored;
  now += 120_000;
  stream.write('too late\n');
  expect(await answerOf(stream)).toMatchObject({ status: 401, json: { error: { code: 'unauthorized' }, accepted: 1 } });
});

test('a sender that goes away in the middle leaves what it sent', async () => {
  const { open, texts, storedNext, post, faults } = await ingestHub();
  const stream = open('/api/ingest/logs:a', { 'content-type': 'text/plain' });
  const stored = storedNext();
  stream.write('whole\nhal');
  await stored;
  stream.destroy();
  expect((await post('/api/ingest/logs:a', 'next')).status).toBe(200);
  expect([texts(), faults]).toEqual([['whole', 'next'], []]);
});

test.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['snappy', (bytes: Buffer) => compressSync(bytes)],
] as const)('a body packed with %s is unpacked, within the limit', async (encoding, pack) => {
  const { post, texts, faults } = await ingestHub({ routes: { bodyLimitBytes: 100_000 } });
  const send = (body: Buffer) => post('/api/ingest/logs:a', body, { 'content-type': 'text/plain', 'content-encoding': encoding });
  expect(await send(pack(Buffer.from('hello\nyou')))).toMatchObject({ status: 200, json: { accepted: 2 } });
  expect(texts()).toEqual(['hello', 'you']);
  expect(await send(pack(Buffer.alloc(50_000_000, 'x\n')))).toMatchObject({ status: 413, json: { error: { code: 'too_large' } } });
  expect(await send(Buffer.from('not packed at all'))).toMatchObject({ status: 400, json: { error: { code: 'invalid' } } });
  expect(await send(pack(Buffer.from('cut off')).subarray(0, -3))).toMatchObject({ status: 400, json: { error: { code: 'invalid' } } });
  expect(faults).toEqual([]);
});

test('more bodies than may be open at a time are refused', async () => {
  const { open, post, storedNext } = await ingestHub({ routes: { openBodies: 1 } });
  const stream = open('/api/ingest/logs:a');
  const stored = storedNext();
  stream.write('x\n');
  await stored;
  expect(await post('/api/ingest/logs:a', 'y')).toMatchObject({ status: 503, json: { error: { code: 'busy' } } });
  stream.end();
  await answerOf(stream);
  expect((await post('/api/ingest/logs:a', 'y')).status).toBe(200);
});
