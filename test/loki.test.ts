import { once } from 'node:events';
import { beforeAll, expect, test } from '@jest/globals';
import pino from 'pino';
import pinoLoki from 'pino-loki';
import WinstonLoki from 'winston-loki';
import { type HubProcess, startHub } from './support/hub-process.js';
import { lokiPush } from './support/loki.js';
import { freePort } from './support/redis.js';
import { roomLines } from './support/room-lines.js';
import { fileScope, testScope } from './support/scope.js';
import { mintToken, SECRET } from './support/token.js';

const scope = testScope();
const file = fileScope();
const env = { ROOMCAST_TOKEN_SECRET: SECRET, ROOMCAST_HOST_METRICS: 'off', ROOMCAST_SENDER_ROOMS: 'team=*->logs:team-{team}' };
let hub: HubProcess;
let token: string;
let reader: Record<string, string>;

beforeAll(async () => {
  hub = await startHub(file, { env });
  token = await mintToken({ rooms: { ingest: ['logs:*'] } }, { sub: 'sender' });
  reader = { authorization: `Bearer ${await mintToken({ admin: true }, { sub: 'root' })}` };
});

test('every line of a program that logs with pino-loki is in the room of its labels, with level and fields', async () => {
  const stream = pinoLoki({
    host: hub.url,
    labels: { app: 'shop' },
    basicAuth: { username: 'any', password: token },
    batching: { interval: 1 },
  });
  const log = pino({ level: 'debug', name: 'orders' }, stream);
  for (let n = 0; n < 1_500; n++) log.info({ n, meta: { trace: `t${n}` } }, 'order %d', n);
  log.error(new Error('no more'));
  stream.end();
  await once(stream, 'close');
  const lines = await roomLines(hub.url, 'logs:shop', reader);
  expect(lines.map(({ text }) => text)).toEqual([...Array.from({ length: 1_500 }, (_, n) => `order ${n}`), 'no more']);
  expect(lines[7]).toMatchObject({ level: 'info', source: 'orders', fields: { app: 'shop', n: 7, trace: 't7' } });
  expect(lines.at(-1)).toMatchObject({ level: 'error', fields: { err: { stack: expect.stringContaining('at ') } } });
});

test('every line that winston-loki packs in protobuf and snappy is in its room', async () => {
  const transport = new WinstonLoki({
    host: hub.url,
    labels: { job: 'stock' },
    basicAuth: `any:${token}`,
    interval: 1,
    gracefulShutdown: false,
  });
  scope.defer(transport, (open) => open.close());
  expect(transport).toMatchObject({ batcher: { contentType: 'application/x-protobuf' } });
  const texts = Array.from({ length: 1_500 }, (_, n) => `item ${n} — ⚡`);
  for (const message of texts) transport.log?.({ [Symbol.for('level')]: 'warn', message }, () => {});
  await transport.flush();
  const lines = await roomLines(hub.url, 'logs:stock', reader);
  expect(lines.map(({ text }) => text.trimEnd())).toEqual(texts);
  expect(lines[0]).toMatchObject({ level: 'warn', source: 'stock', time: expect.any(Number), fields: { job: 'stock' } });
});

test('a push that Promtail repeats because the hub died is in the room once, and a rule names the room', async () => {
  const port = await freePort();
  const first = await startHub(scope, { env, port });
  const entries = Array.from({ length: 1_200 }, (_, n) => ({ time: Date.now() - 1_200 + n, line: `line ${n}` }));
  const push = async () => {
    const headers = { 'content-type': 'application/x-protobuf', authorization: `Bearer ${token}` };
    return fetch(`http://127.0.0.1:${port}/loki/api/v1/push`, {
      method: 'POST',
      headers,
      body: lokiPush([['{team="a", job="x"}', entries]]),
    });
  };
  expect((await push()).status).toBe(204);
  first.signal('SIGKILL');
  await first.exited;
  await expect(push()).rejects.toThrow();
  await startHub(scope, { env, port, dataDir: first.dataDir });
  expect((await push()).status).toBe(204);
  const lines = await roomLines(`http://127.0.0.1:${port}`, 'logs:team-a', reader);
  expect(lines.map(({ text }) => text)).toEqual(entries.map(({ line }) => line));
  const refused = await fetch(`http://127.0.0.1:${port}/loki/api/v1/push`, { method: 'POST', body: '{"streams":[' });
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('Basic')]);
});
