import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Notice } from '../shared/protocol.js';
import { nested, sendBadEvents, startWitness } from './support/bad-input.js';
import { type Cluster, startCluster } from './support/cluster.js';
import { get } from './support/http.js';
import { type HubProcess, startHub } from './support/hub-process.js';
import { openRawSocket } from './support/raw-socket.js';
import { fileScope, testScope } from './support/scope.js';
import { connectClient } from './support/stock-client.js';
import { waitFor } from './support/wait.js';

const scope = testScope();
const file = fileScope();
const LIMITS_OFF = { ROOMCAST_LIMITS: 'off' };

describe('with the embedded store', () => {
  let hub: HubProcess;
  beforeAll(async () => {
    hub = await startHub(file, { env: LIMITS_OFF });
  });

  test.each(['websocket', 'polling'])(
    'each bad event over %s is answered with its code; the connection and the others live',
    async (transport) => {
      const stillHears = await startWitness(scope, hub.url);
      const client = await connectClient(scope, hub.url, { transports: [transport] });
      await client.subscribe('chat:bad');
      await sendBadEvents(client);
      await stillHears();
      expect(await client.publish('chat:bad', nested(28))).toMatchObject({ position: expect.any(String) });
    },
  );

  test('an event without acknowledgement is refused by a notice and does nothing', async () => {
    const client = await connectClient(scope, hub.url);
    await client.subscribe('chat:bad');
    client.say('publish', { room: 'chat:bad', id: 'silent', data: 1 });
    const notice = await client.event<Notice>('notice', (one) => one.kind === 'error');
    expect(notice).toMatchObject({ event: 'publish', error: { code: 'missing_ack' } });
    await client.publish('chat:bad', { text: 'barrier' }, { id: 'barrier' });
    await client.hears('barrier');
    expect(client.of('chat:bad').map(({ id }) => id)).toEqual(['barrier']);
  });

  test('keys that mean something to JavaScript are refused, wherever they stand [P16]', async () => {
    const client = await connectClient(scope, hub.url);
    for (const text of ['{"__proto__":{"admin":true}}', '{"constructor":{"prototype":{"admin":true}}}', '[{"deep":[{"__proto__":1}]}]']) {
      const request = { room: 'chat:proto', id: 'proto', data: JSON.parse(text) };
      expect({ text, answer: await client.ask('publish', request) }).toMatchObject({ answer: { error: { code: 'invalid' } } });
      expect({ text, answer: await client.ask('subscribe', JSON.parse(text)) }).toMatchObject({ answer: { error: { code: 'invalid' } } });
    }
    expect(await client.ask('publish', { room: 'logs:x', id: 'x', data: 1 })).toMatchObject({ error: { code: 'forbidden' } });
  });

  test.each([
    ['no JSON', '42["publish"'],
    ['an unknown packet type', '49[]'],
    ['a packet without event', '42[]'],
    ['an event name that is an object', '42[{"a":1}]'],
    ['an ack for nothing', '43999[]'],
    ['attachments that never come', '451-["publish",{"_placeholder":true,"num":0}]'],
    ['a placeholder out of range', '450-["publish",{"_placeholder":true,"num":7}]'],
    ['a namespace that does not exist', '40/admin,{}'],
    ['a second connect', '40{}'],
    ['an ack id beyond all numbers', '4299999999999999999999999["subscribe",{}]'],
  ])('a raw packet with %s harms nobody else', async (_what, packet) => {
    const stillHears = await startWitness(scope, hub.url);
    const socket = await openRawSocket(scope, hub.url, { connect: true });
    socket.send(packet);
    await stillHears();
    expect((await get(`${hub.url}/healthz`)).status).toBe(200);
  });

  test.each([
    ['a message beyond all sizes', 'x'.repeat(8 * 1024 * 1024)],
    ['a message of many parts', Array.from({ length: 3_000_000 }, () => 1)],
  ])('%s ends at most its own connection', async (_what, data) => {
    const stillHears = await startWitness(scope, hub.url);
    const client = await connectClient(scope, hub.url, { reconnection: false });
    const answered = client.ask('publish', { room: 'chat:bad', id: 'bad', data }).catch(() => ({ ok: false }));
    await Promise.race([answered, waitFor(() => client.socket.disconnected)]);
    await stillHears();
  });

  test('garbage on the HTTP side is answered, and the hub lives', async () => {
    const stillHears = await startWitness(scope, hub.url);
    const post = (path: string, body: string, type = 'application/json') =>
      fetch(`${hub.url}${path}`, { method: 'POST', body, headers: { 'content-type': type } }).then(({ status }) => status);
    const messages = '/api/rooms/chat:bad/messages';
    expect(await post(messages, '{"data":')).toBe(400);
    expect(await post(messages, 'null')).toBe(400);
    expect(await post(messages, '{"data":1}', 'text/html')).toBe(400);
    expect(await post(messages, JSON.stringify({ id: 'bad', data: 'x'.repeat(300 * 1024) }))).toBe(413);
    expect(await post(messages, JSON.stringify({ id: 'bad', data: nested(40) }))).toBe(400);
    expect(await post(messages, `{"id":"bad","data":${'['.repeat(5_000)}${']'.repeat(5_000)}}`)).toBe(400);
    expect((await get(`${hub.url}/api/rooms/%E0%A4%A/messages`)).status).toBe(400);
    expect((await get(`${hub.url}/..%2f..%2f..%2f..%2fetc/passwd`)).text).not.toContain('root:');
    expect((await get(`${hub.url}/socket.io/?EIO=3&transport=polling`)).status).toBe(400);
    expect((await get(`${hub.url}/socket.io/?EIO=4&transport=polling&sid=nonsense`)).status).toBe(400);
    await stillHears();
  });
});

describe('with Redis', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster(file, { instances: 2, env: LIMITS_OFF });
  });

  test('bad events on one instance leave the other instances and their clients alone', async () => {
    const [bad, other] = cluster.hubs;
    const stillHears = await startWitness(scope, other!.url);
    const client = await connectClient(scope, bad!.url);
    await client.subscribe('chat:bad');
    await sendBadEvents(client);
    for (const levels of [2_000, 2_300, 2_500, 2_800, 3_500]) {
      expect(await client.ask('publish', { room: 'chat:bad', id: 'bad', data: nested(levels) })).toMatchObject({ ok: false });
    }
    await stillHears();
    for (const { url, pid } of cluster.hubs) {
      expect((await get(`${url}/readyz`)).status).toBe(200);
      expect(process.kill(pid, 0)).toBe(true);
    }
  });
});
