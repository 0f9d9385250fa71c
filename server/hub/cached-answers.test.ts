import { beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { get, send } from '../../test/support/http.js';
import { openMemoryHub } from '../../test/support/memory-hub.js';
import { fileScope, testScope } from '../../test/support/scope.js';
import { connectClient } from '../../test/support/stock-client.js';
import { mintToken, SECRET } from '../../test/support/token.js';
import { waitFor } from '../../test/support/wait.js';
import type { StartedHub } from '../start-hub.js';

const file = fileScope();
const scope = testScope();
const HOUR_MS = 3_600_000;
let hub: StartedHub;
let ann: Record<string, string>;
let bob: Record<string, string>;
/** Paths that Ann may read and Bob may not, by what they are. */
const paths: Record<string, string> = {};

const bearer = async (sub: string, read: string[]) => ({ authorization: `Bearer ${await mintToken({ rooms: { read } }, { sub })}` });
/** Asks as a cache does that has an answer: without this, fetch asks for the whole again. */
const having = (etag: string | null) => ({ 'if-none-match': etag ?? '', 'cache-control': 'max-age=0' });

beforeAll(async () => {
  // What is wrongly kept stays wrong for an hour.
  hub = await openMemoryHub(file, {
    tokenSecret: SECRET,
    chatRead: 'ticket',
    metricsRead: 'ticket',
    cacheTtlMs: HOUR_MS,
    presenceGraceMs: 0,
  });
  hub.job('sum', { input: z.array(z.number()), run: async (terms) => ({ sum: terms.reduce((a, b) => a + b, 0) }) });
  ann = await bearer('ann', ['chat:*', 'metrics:*']);
  bob = await bearer('bob', []);
  const positions = [];
  for (const n of [1, 2, 3]) positions.push((await hub.publish('chat:team', { n })).position);
  await hub.publish('metrics:team', { t: Date.now(), names: ['cpu'], values: [1] }, { type: 'samples' });
  const { body: job } = await send('POST', `${hub.url}/api/jobs/sum`, { input: [1, 2] }, ann);
  await waitFor(async () => (await get(`${hub.url}/api/jobs/${job.jobId}`, ann)).body.state === 'done');
  Object.assign(paths, {
    'the newest page': '/api/rooms/chat:team/messages',
    'a closed page': `/api/rooms/chat:team/messages?limit=1&before=${positions[2]}`,
    'a page after a position': `/api/rooms/chat:team/messages?after=${positions[0]}`,
    'who is there': '/api/rooms/chat:team/presence',
    'a range': '/api/metrics/metrics:team/query',
    'a range as a table': '/api/metrics/metrics:team/query?format=csv',
    'the latest values': '/api/metrics/metrics:team',
    'a job': `/api/jobs/${job.jobId}`,
    "a job's result": `/api/jobs/${job.jobId}/result`,
  });
});

describe.each([
  'the newest page',
  'a closed page',
  'a page after a position',
  'who is there',
  'a range',
  'a range as a table',
  'the latest values',
  'a job',
  "a job's result",
])('%s', (what) => {
  test('is not sent again to who has it, and its head is that of the answer', async () => {
    const url = hub.url + paths[what];
    const whole = await get(url, ann);
    const etag = whole.headers.get('etag');
    expect([whole.status, etag]).toEqual([200, expect.stringMatching(/^W\/"/)]);
    const again = await get(url, { ...ann, ...having(etag) });
    expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', etag]);
    const head = await fetch(url, { method: 'HEAD', headers: ann });
    expect([head.status, await head.text(), head.headers.get('etag')]).toEqual([200, '', etag]);
    expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(whole.text)));
  });

  test('is for who asks alone, and to nobody else what somebody else was given', async () => {
    const url = hub.url + paths[what];
    const { headers } = await get(url, ann);
    expect(headers.get('cache-control')).toMatch(/^private, (no-cache|max-age=\d+)$/);
    expect(headers.get('vary')).toMatch(/Authorization, X-Guest-Key/);
    for (const etag of ['"none"', '*', headers.get('etag')]) {
      const refused = await get(url, { ...bob, ...having(etag) });
      expect([refused.status, refused.headers.get('cache-control')]).toEqual([what.includes('job') ? 404 : 403, 'no-store']);
      expect(refused.body).toEqual({ error: expect.anything() });
    }
    expect((await get(url, having(headers.get('etag')))).status).toBe(401);
  });
});

test('a list of rooms is made for who asks, whoever has asked before and whatever that one was given', async () => {
  const url = `${hub.url}/api/rooms`;
  const own = await get(url, ann);
  expect(own.body.rooms.map(({ room }: { room: string }) => room).sort()).toEqual(['chat:team', 'metrics:team']);
  const theirs = await get(url, { ...bob, ...having(own.headers.get('etag')) });
  expect([theirs.status, theirs.body]).toEqual([200, { rooms: [] }]);
  expect((await get(url, { ...ann, ...having(own.headers.get('etag')) })).status).toBe(304);
});

test('a room is in the list as soon as its first message is acknowledged', async () => {
  const listed = async () => (await get(`${hub.url}/api/rooms?prefix=chat:new`, ann)).body.rooms.map(({ room }: { room: string }) => room);
  expect([await listed(), await listed()]).toEqual([[], []]);
  await hub.publish('chat:new-1', 'first');
  expect(await listed()).toEqual(['chat:new-1']);
  await send('POST', `${hub.url}/api/rooms/chat:new-2/messages`, { data: 'first' }, ann);
  expect((await listed()).sort()).toEqual(['chat:new-1', 'chat:new-2']);
});

test('a page shows what was acknowledged before it was asked for', async () => {
  const last = async () => (await get(`${hub.url}/api/rooms/chat:read/messages?limit=1`, ann)).body.messages[0]?.data;
  expect(await last()).toBeUndefined();
  for (let n = 1; n <= 20; n++) {
    await send('POST', `${hub.url}/api/rooms/chat:read/messages`, { data: n }, ann);
    expect(await last()).toBe(n);
  }
});

test('who comes into a room is on its pages at once, and who leaves is not', async () => {
  const url = `${hub.url}/api/rooms/chat:open/presence`;
  const users = async () => (await get(url, ann)).body.users.map(({ id }: { id: string }) => id);
  expect([await users(), await users()]).toEqual([[], []]);
  const client = await connectClient(scope, hub.url, { auth: { token: ann.authorization!.slice('Bearer '.length) } });
  await client.subscribe('chat:open');
  expect(await users()).toEqual(['ann']);
  await client.expectOk('unsubscribe', { room: 'chat:open' });
  await waitFor(async () => (await users()).length === 0);
});
