import { once } from 'node:events';
import { type ClientRequest, createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, createGzip, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, expect, test } from '@jest/globals';
import express from 'express';
import { type ErrorCode, HubError } from '../../shared/errors.js';
import type { PublishAnswer, SampleColumns } from '../../shared/protocol.js';
import { KINDS } from '../../shared/rooms.js';
import type { LogLine } from '../../shared/schemas.js';
import type { Principal } from '../auth/principal.js';
import { checkPayload } from '../limits/payload-checks.js';
import { SampleCoalescer } from '../metrics/sample-coalescer.js';
import { eachSample } from '../metrics/sample-columns.js';
import { systemClock } from '../observe/clock.js';
import { createIngestRoutes, type IngestRoutesOptions } from './ingest-routes.js';
import { IngestService, type IngestServiceOptions } from './ingest-service.js';
import { LogCoalescer } from './log-coalescer.js';
import { RoomOutbox } from './room-outbox.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const sender = (grants: string[], expiresAt?: number): Principal => ({
  user: { id: 'sender', name: 'sender' },
  guest: false,
  admin: false,
  grants: { read: [], write: [], ingest: grants },
  ...(expiresAt !== undefined && { expiresAt }),
});

interface Given {
  routes?: Partial<IngestRoutesOptions>;
  service?: Partial<IngestServiceOptions>;
  principal?: Principal;
}

/** The routes on a real server, into rooms that this test can look at. */
async function hub({ routes, service, principal = sender(['metrics:*', 'logs:*']) }: Given = {}) {
  const lines = new Map<string, LogLine[]>();
  const values = new Map<string, Map<string, { value: number; t: number }>>();
  const counts: Record<string, number> = {};
  const store: { fails?: ErrorCode | undefined; slow?: { room: string; until: Promise<void> } } = {};
  const stored: (() => void)[] = [];
  const publish = async (room: string, type: string, data: unknown): Promise<PublishAnswer> => {
    if (store.fails) throw new HubError(store.fails);
    if (store.slow?.room === room) await store.slow.until;
    if (type === 'lines') lines.set(room, [...(lines.get(room) ?? []), ...(data as { lines: LogLine[] }).lines]);
    else eachSample(data as SampleColumns, (name, value, t) => values.set(room, (values.get(room) ?? new Map()).set(name, { value, t })));
    for (const call of stored.splice(0)) call();
    return { id: '', position: 'e:1', time: 0 };
  };
  const clock = systemClock;
  const outbox = new RoomOutbox({ publisher: { publish }, clock, retryForMs: 100, retryMs: 10, bytesPerRoom: 1_500_000 });
  const samples = new SampleCoalescer({ outbox, clock, seriesPerRoom: 100 });
  const ingest = new IngestService({
    kinds: KINDS,
    clock,
    samples,
    lines: new LogCoalescer({ outbox, clock, batchMs: 10 }),
    checkPayload: (value) => checkPayload(value, { depth: 32, bytes: 0 }),
    count: (what, outcome, amount) => {
      counts[`${what} ${outcome}`] = (counts[`${what} ${outcome}`] ?? 0) + amount;
    },
    ...service,
  });
  const faults: unknown[] = [];
  const router = createIngestRoutes({
    ingest,
    authenticate: () => principal,
    bodyLimitBytes: 1_000_000,
    onFault: (error) => faults.push(error),
    ...routes,
  });
  const server = createServer(express().use(router));
  server.requestTimeout = 0;
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const post = async (path: string, body: string | Uint8Array, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${origin}${path}`, { method: 'POST', body, headers });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, json: text && JSON.parse(text) };
  };
  /** A request whose body stays open. */
  const open = (path: string, headers: Record<string, string> = {}) => {
    const req = request(`${origin}${path}`, { method: 'POST', headers });
    req.on('error', () => {});
    return req;
  };
  const storedNext = () => new Promise<void>((resolve) => stored.push(resolve));
  const texts = (room = 'logs:a') => (lines.get(room) ?? []).map(({ text }) => text);
  return { post, open, texts, lines, values, counts, store, storedNext, samples, faults };
}

async function answerOf(
  req: ClientRequest,
): Promise<{ status: number | undefined; json: { error?: { code: string } } & Record<string, unknown> }> {
  const [res] = (await once(req, 'response')) as [IncomingMessage];
  const text = (await res.toArray()).join('');
  return { status: res.statusCode, json: text ? JSON.parse(text) : {} };
}

const T = Math.floor(Date.now() / 1_000) * 1_000;

test('JSON, NDJSON and Influx lines become samples of a metric room', async () => {
  const { post, values, samples, counts } = await hub();
  const sample = (name: string, value: number) => ({ name, labels: { host: 'h' }, value, t: T });
  expect(
    await post('/api/ingest/metrics:a', JSON.stringify([sample('x', 1), sample('y', 2)]), { 'content-type': 'application/json' }),
  ).toMatchObject({
    status: 200,
    json: { accepted: 2, refused: 0, errors: [] },
  });
  await post('/api/ingest/metrics:a', `${JSON.stringify(sample('z', 3))}\n\nm,host=h f=4 ${T}000000\n`, {
    'content-type': 'application/x-ndjson',
  });
  await post('/api/ingest/metrics:a', JSON.stringify(sample('w', 5)), { 'content-type': 'application/json' });
  await samples.flush();
  const series = ['x', 'y', 'z', 'm_f', 'w'].map((name, i): [string, unknown] => [`${name}{host="h"}`, { value: i + 1, t: T }]);
  expect([...(values.get('metrics:a') ?? [])].sort()).toEqual(series.sort());
  expect(counts).toEqual({ 'samples accepted': 5 });
});

test('the good part of a body is taken, and what is refused is named by line', async () => {
  const { post, counts } = await hub();
  const body = [
    '{"name":"a","value":1}',
    '{"name":"a"',
    '{"value":1}',
    'm f=nope',
    '{"name":"a","value":2,"t":12}',
    `{"name":"${'x'.repeat(300)}","value":1}`,
  ].join('\n');
  const { status, json } = await post('/api/ingest/metrics:a', body, { 'content-type': 'text/plain' });
  expect(status).toBe(200);
  expect(json).toMatchObject({ accepted: 1, refused: 5 });
  expect(json.errors.map(({ line, code }: { line: number; code: string }) => [line, code]).sort()).toEqual(
    [2, 3, 4, 5, 6].map((line) => [line, 'invalid']),
  );
  expect(counts).toEqual({ 'samples accepted': 1, 'samples invalid': 5 });
  const none = await post('/api/ingest/metrics:a', 'm f=nope', { 'content-type': 'text/plain' });
  expect(none).toMatchObject({ status: 400, json: { error: { code: 'invalid', retry: 'never' }, accepted: 0, refused: 1 } });
});

test('lines of text and JSON become lines of a log room, in order, stored when they are acknowledged', async () => {
  const { post, lines, texts } = await hub();
  expect(
    await post('/api/ingest/logs:a', 'one\r\n\nERROR two\n{"msg":"three","level":"warn","id":3}', { 'content-type': 'text/plain' }),
  ).toMatchObject({
    status: 200,
    json: { accepted: 3, refused: 0 },
  });
  expect(lines.get('logs:a')).toMatchObject([
    { text: 'one' },
    { text: 'ERROR two', level: 'error' },
    { text: 'three', level: 'warn', fields: { id: 3 } },
  ]);
  await post('/api/ingest/logs:a', JSON.stringify([{ text: 'four' }, 'five']), { 'content-type': 'application/json' });
  expect(texts()).toEqual(['one', 'ERROR two', 'three', 'four', 'five']);
});

test('many lines arrive whole and in order, whatever their chunks', async () => {
  const { post, texts } = await hub();
  const all = Array.from({ length: 30_000 }, (_, i) => `line ${i} ${'é'.repeat(i % 50)}`);
  expect((await post('/api/ingest/logs:a', all.join('\n'), {})).json).toMatchObject({ accepted: 30_000, refused: 0 });
  expect(texts()).toEqual(all);
});

test('a sender that is faster than the store waits, and everything it sent arrives', async () => {
  const { post, store, texts } = await hub();
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
  const { open, texts, storedNext } = await hub();
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
  const { open, storedNext } = await hub({ principal, service: { clock } });
  const stream = open('/api/ingest/logs:a', { 'content-type': 'text/plain' });
  const stored = storedNext();
  stream.write('in time\n');
  await stored;
  now += 120_000;
  stream.write('too late\n');
  expect(await answerOf(stream)).toMatchObject({ status: 401, json: { error: { code: 'unauthorized' }, accepted: 1 } });
});

test('a sender that goes away in the middle leaves what it sent', async () => {
  const { open, texts, storedNext, post, faults } = await hub();
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
] as const)('a body packed with %s is unpacked, within the limit', async (encoding, pack) => {
  const { post, texts, faults } = await hub({ routes: { bodyLimitBytes: 100_000 } });
  const send = (body: Buffer) => post('/api/ingest/logs:a', body, { 'content-type': 'text/plain', 'content-encoding': encoding });
  expect(await send(pack(Buffer.from('hello\nyou')))).toMatchObject({ status: 200, json: { accepted: 2 } });
  expect(texts()).toEqual(['hello', 'you']);
  expect(await send(pack(Buffer.alloc(50_000_000, 'x\n')))).toMatchObject({ status: 413, json: { error: { code: 'too_large' } } });
  expect(await send(Buffer.from('not packed at all'))).toMatchObject({ status: 400, json: { error: { code: 'invalid' } } });
  expect(await send(pack(Buffer.from('cut off')).subarray(0, -3))).toMatchObject({ status: 400, json: { error: { code: 'invalid' } } });
  expect(faults).toEqual([]);
});

test('what cannot be read or must not come in has its error', async () => {
  const { post, faults } = await hub({ routes: { bodyLimitBytes: 1_000 }, principal: sender(['metrics:a', 'logs:*', 'chat:*']) });
  const json = { 'content-type': 'application/json' };
  const code = async (path: string, body: string, headers: Record<string, string> = json) => {
    const answer = await post(path, body, headers);
    return [answer.status, answer.json.error?.code];
  };
  expect(await code('/api/ingest/metrics:b', '[]')).toEqual([403, 'forbidden']);
  expect(await code('/api/ingest/nope:b', '[]')).toEqual([400, 'unknown_kind']);
  expect(await code('/api/ingest/metrics', '[]')).toEqual([400, 'invalid']);
  expect(await code('/api/ingest/metrics:a', '{"name":')).toEqual([400, 'invalid']);
  expect(await code('/api/ingest/metrics:a', `"${'x'.repeat(2_000)}"`)).toEqual([413, 'too_large']);
  expect(await code('/api/ingest/metrics:a', '[1,null,"x",[]]')).toEqual([400, 'invalid']);
  expect(await code('/api/ingest/metrics:a', 'x', { 'content-type': 'image/png' })).toEqual([400, 'invalid']);
  expect(await code('/api/ingest/metrics:a', 'x', { 'content-type': 'text/plain', 'content-encoding': 'zstd' })).toEqual([400, 'invalid']);
  expect(
    await code('/api/ingest/logs:a', JSON.stringify([{ text: 'x', fields: JSON.parse(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`) }])),
  ).toEqual([400, 'too_deep']);
  expect(await code('/api/ingest/logs:a', '{"text":"x","a":{"__proto__":1}}')).toEqual([400, 'invalid']);
  expect(faults).toEqual([]);
});

test('a line that is too long is kept as its beginning in a log room, and refused in a metric room', async () => {
  const { post, lines } = await hub({ service: { maxLineBytes: 1_000 } });
  expect((await post('/api/ingest/logs:a', `${'x'.repeat(5_000)}\nshort`)).json).toMatchObject({ accepted: 2, refused: 0 });
  expect(lines.get('logs:a')).toMatchObject([{ text: 'x'.repeat(936), fields: { cut: true } }, { text: 'short' }]);
  const { json } = await post('/api/ingest/metrics:a', `m f=1\nm,t=${'x'.repeat(5_000)} f=1\nm f=2`);
  expect(json).toMatchObject({ accepted: 2, refused: 1, errors: [{ line: 2, code: 'too_large' }] });
});

test('series past the limit of a room are refused by line, the others taken', async () => {
  const { post, counts } = await hub();
  const body = Array.from({ length: 105 }, (_, i) => `m,i=${i} f=1`).join('\n');
  expect((await post('/api/ingest/metrics:a', body)).json).toMatchObject({
    accepted: 100,
    refused: 5,
    errors: [{ line: 101, code: 'too_large' }, {}, {}, {}, {}],
  });
  expect(counts).toEqual({ 'samples accepted': 100, 'samples too_large': 5 });
});

test('a store that stays away is told to the sender of lines, with when to come again', async () => {
  const { post, store } = await hub();
  store.fails = 'unavailable';
  const answer = await post('/api/ingest/logs:a', 'x');
  expect(answer).toMatchObject({ status: 503, json: { error: { code: 'unavailable', retry: 'later' }, accepted: 0 } });
  expect(answer.headers.get('retry-after')).toBe('1');
  const stream = await hub();
  stream.store.fails = 'unavailable';
  const open = stream.open('/api/ingest/logs:a', { 'content-type': 'text/plain' });
  open.write('x\n');
  expect(await answerOf(open)).toMatchObject({ status: 503, json: { error: { code: 'unavailable' } } });
});

test('more bodies than may be open at a time are refused', async () => {
  const { open, post, storedNext } = await hub({ routes: { openBodies: 1 } });
  const stream = open('/api/ingest/logs:a');
  const stored = storedNext();
  stream.write('x\n');
  await stored;
  expect(await post('/api/ingest/logs:a', 'y')).toMatchObject({ status: 503, json: { error: { code: 'busy' } } });
  stream.end();
  await answerOf(stream);
  expect((await post('/api/ingest/logs:a', 'y')).status).toBe(200);
});

test('a sender without a token is refused before its body is read', async () => {
  const authenticate = () => {
    throw new HubError('unauthorized');
  };
  const { open } = await hub({ routes: { authenticate } });
  const stream = open('/api/v2/write?bucket=a');
  stream.write('m f=1\n');
  expect(await answerOf(stream)).toMatchObject({ status: 401, json: { code: 'unauthorized' } });
});

test('a fault of ours is reported, and told as no more than that', async () => {
  const fault = new TypeError('secret detail');
  const { post, faults } = await hub({ routes: { authenticate: () => Promise.reject(fault) } });
  const answer = await post('/api/ingest/logs:a', 'x');
  expect(answer).toMatchObject({ status: 500, json: { error: { code: 'internal' } } });
  expect(JSON.stringify(answer.json)).not.toContain('secret');
  expect(faults).toEqual([fault]);
});

test.each(['/write?db=tele&precision=ms', '/api/v2/write?bucket=tele&org=o&precision=ms'])(
  '%s takes Influx lines as its clients send them',
  async (path) => {
    const { post, values, samples } = await hub();
    const body = `# telegraf\nm,host=h f=1,s="two\nlines" ${T}\n\nm,host=h g=2i ${T}\n`;
    expect(await post(path, gzipSync(body), { 'content-encoding': 'gzip' })).toMatchObject({ status: 204, json: '' });
    await samples.flush();
    expect([...(values.get('metrics:tele') ?? [])]).toEqual([
      ['m_f{host="h"}', { value: 1, t: T }],
      ['m_g{host="h"}', { value: 2, t: T }],
    ]);
    const partial = await post(path, `m f=1 ${T}\nm f=x\nm f=2 5\n`);
    expect(partial).toMatchObject({ status: 400, json: { code: 'invalid' } });
    expect(partial.json.message).toMatch(/^partial write: line 2: .*; line 3: .* dropped=2$/);
  },
);

test("Influx' clients get its errors", async () => {
  const { post } = await hub({ principal: sender(['metrics:a']) });
  expect(await post('/api/v2/write', 'm f=1')).toMatchObject({ status: 400, json: { code: 'invalid' } });
  expect(await post('/api/v2/write?bucket=a&precision=years', 'm f=1')).toMatchObject({ status: 400, json: { code: 'invalid' } });
  expect(await post('/api/v2/write?bucket=b', 'm f=1')).toMatchObject({ status: 403, json: { code: 'forbidden' } });
  expect(await post('/api/v2/write?bucket=a%20b', 'm f=1')).toMatchObject({ status: 400, json: { code: 'invalid' } });
  expect(await post('/write?db=a&db=b', 'm f=1')).toMatchObject({ status: 400, json: { code: 'invalid' } });
});
