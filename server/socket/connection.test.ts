import { expect, test } from '@jest/globals';
import { z } from 'zod';
import type { Notice } from '../../shared/protocol.js';
import { metricOf, openMemoryHub } from '../../test/support/memory-hub.js';
import { openRawSocket } from '../../test/support/raw-socket.js';
import { testScope } from '../../test/support/scope.js';
import { connectClient, countFrom, refusedClient } from '../../test/support/stock-client.js';
import { mintToken, SECRET } from '../../test/support/token.js';
import { waitFor } from '../../test/support/wait.js';

const scope = testScope();

const noticeOf = (kind: Notice['kind']) => (notice: Notice) => notice.kind === kind;
const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);

test.each([
  ['an event that nobody handles', 'no-such-event', [{}], 'unknown_event'],
  ['an event named like a property of every object', 'constructor', [{}], 'unknown_event'],
  ['an event with a very long name', 'x'.repeat(10_000), [{}], 'unknown_event'],
  ['no payload', 'publish', [], 'invalid'],
  ['two payloads', 'history', [{ room: 'chat:x' }, { room: 'chat:x' }], 'invalid'],
  ['a text as payload', 'subscribe', ['chat:x'], 'invalid'],
  ['null as payload', 'presence', [null], 'invalid'],
  ['bytes as payload', 'presence', [Buffer.from('chat:x')], 'invalid'],
  ['a field too many', 'subscribe', [{ room: 'chat:x', extra: 1 }], 'invalid'],
  ['a room that is an object', 'subscribe', [{ room: { chat: 'x' } }], 'invalid'],
  ['a kind of every object', 'subscribe', [{ room: 'constructor:x' }], 'unknown_kind'],
  ['a room with a brace', 'subscribe', [{ room: 'chat:{x}' }], 'invalid'],
  ['a key __proto__', 'publish', [{ room: 'chat:x', id: 'i', data: JSON.parse('{"__proto__":1}') }], 'invalid'],
  ['too deep', 'publish', [{ room: 'chat:x', id: 'i', data: nested(40) }], 'too_deep'],
  ['too deep in an event that nobody handles', 'no-such-event', [nested(2_500)], 'too_deep'],
  ['too large', 'publish', [{ room: 'chat:x', id: 'i', data: 'x'.repeat(300_000) }], 'too_large'],
  ['an edit of nothing', 'publish', [{ room: 'chat:x', id: 'i', type: 'edit', data: { target: 'e:0', text: 'x' } }], 'not_found'],
  ['a position that is none', 'history', [{ room: 'chat:x', before: '1' }], 'invalid'],
])('[P12] [P18] refused by its code, and the connection lives: %s', async (_what, event, payload, code) => {
  const hub = await openMemoryHub(scope);
  const client = await connectClient(scope, hub.url);
  expect(await client.ask(event as string, ...(payload as unknown[]))).toMatchObject({ ok: false, error: { code } });
  await client.publish('chat:x', { text: 'alive' });
  expect(client.socket.connected).toBe(true);
});

test('[P13] an event without a callback is not carried out, and told by a notice that echoes little', async () => {
  const hub = await openMemoryHub(scope);
  const client = await connectClient(scope, hub.url);
  client.say('publish', { room: 'chat:x', id: 'i', data: 1 });
  expect(await client.event<Notice>('notice', noticeOf('error'))).toMatchObject({ event: 'publish', error: { code: 'missing_ack' } });
  expect((await client.history('chat:x')).messages).toEqual([]);
  client.say('y'.repeat(100_000));
  const echoed = await client.event<Notice>('notice', (notice: Notice) => notice.kind === 'error' && notice.error.code === 'unknown_event');
  expect(JSON.stringify(echoed).length).toBeLessThan(1_000);
});

test('[P17] a flood is told so and its connection ends; the hub goes on', async () => {
  const hub = await openMemoryHub(scope, { eventsPerSecond: 10 });
  const client = await connectClient(scope, hub.url, { reconnection: false });
  for (let n = 0; n < 500; n++) client.socket.emit('presence', { room: 'chat:x' }, () => undefined);
  expect(await client.event<Notice>('notice', noticeOf('closing'))).toMatchObject({ error: { code: 'flood' } });
  await waitFor(() => client.socket.disconnected);
  await connectClient(scope, hub.url);
});

test('[P17] leaving the namespace and entering it again gives no new allowance', async () => {
  const hub = await openMemoryHub(scope, { eventsPerSecond: 10 });
  const raw = await openRawSocket(scope, hub.url, { connect: false });
  const welcomes = () => raw.heard.filter((packet) => packet.startsWith('42["welcome"')).length;
  const refused = () => raw.heard.some((packet) => packet.includes('rate_limited'));
  for (let entered = 1; entered < 200 && !refused(); entered++) {
    // Each time another guest.
    raw.send(`40${JSON.stringify({ guestKey: `${'k'.repeat(16)}${entered}` })}`);
    await waitFor(() => welcomes() === entered || refused());
    if (refused()) break;
    raw.send('41');
    await waitFor(() => hub.io.sockets.sockets.size === 0);
  }
  expect(refused()).toBe(true);
  expect(welcomes()).toBeGreaterThan(10);
});

test.each([
  ['enters none', false],
  ['is in one', true],
])('[P17] a client that asks for namespaces without end, and %s, is ended', async (_what, connect) => {
  const hub = await openMemoryHub(scope, { eventsPerSecond: 10 });
  const raw = await openRawSocket(scope, hub.url, { connect });
  const asked = 2_000;
  for (let n = 0; n < asked; n++) raw.send('40/nowhere,{}');
  await raw.closed;
  const refusals = raw.heard.filter((packet) => packet.startsWith('44/nowhere'));
  expect(refusals.length).toBeGreaterThan(10);
  expect(refusals.length).toBeLessThan(asked / 2);
  await connectClient(scope, hub.url);
});

test('a client that leaves while it is let in is forgotten', async () => {
  const hub = await openMemoryHub(scope, { limits: false });
  for (let n = 0; n < 20; n++) {
    const raw = await openRawSocket(scope, hub.url, { connect: false });
    raw.send('40{}');
    raw.send('41');
    await raw.closed;
  }
  await waitFor(() => hub.io.engine.clientsCount === 0);
  expect(await metricOf(hub, 'roomcast_connections{transport="websocket"}')).toBe(0);
});

test.each([
  ['too large', { token: undefined, ballast: 'x'.repeat(300_000) }, 'too_large'],
  ['too deep', { ballast: nested(2_000) }, 'too_deep'],
  ['a guestKey of another form', { guestKey: ['k'.repeat(20)] }, 'invalid'],
  ['a token where none can be checked', { token: 'x.y.z' }, 'unauthorized'],
])('[P7] a handshake is held to the limits of a payload: %s', async (_what, auth, code) => {
  const hub = await openMemoryHub(scope);
  expect((await refusedClient(scope, hub.url, { auth })).code).toBe(code);
  await connectClient(scope, hub.url);
});

test('[P10] a token that ends ends the connection, unless another took its place', async () => {
  const hub = await openMemoryHub(scope, { tokenSecret: SECRET });
  // The hub takes a token for 5 s past its end: two clocks may differ.
  const short = () => mintToken({}, { sub: 'ada', expiresInS: -3 });
  const [lapsing, renewed] = await Promise.all(
    [1, 2].map(async () => connectClient(scope, hub.url, { reconnection: false, auth: { token: await short() } })),
  );
  const { expiresAt } = await renewed!.expectOk<{ expiresAt: number }>('auth:refresh', { token: await mintToken({}, { sub: 'ada' }) });
  expect(expiresAt).toBeGreaterThan(Date.now() + 3_000_000);
  expect(await lapsing!.event<Notice>('notice', noticeOf('closing'))).toMatchObject({ error: { code: 'unauthorized' } });
  await waitFor(() => lapsing!.socket.disconnected);
  await renewed!.publish('chat:x', { text: 'still here' });
});

test('[P11] a token of another user, or none at all, is refused and changes nothing', async () => {
  const hub = await openMemoryHub(scope, { tokenSecret: SECRET });
  const client = await connectClient(scope, hub.url, { auth: { token: await mintToken({}, { sub: 'ada' }) } });
  const other = await mintToken({ admin: true }, { sub: 'bob' });
  expect(await client.ask('auth:refresh', { token: other })).toMatchObject({ error: { code: 'forbidden' } });
  expect(await client.ask('auth:refresh', { token: 'x.y.z' })).toMatchObject({ error: { code: 'unauthorized' } });
  expect(await client.ask('subscribe', { room: 'user:bob' })).toMatchObject({ error: { code: 'forbidden' } });
  await client.subscribe('user:ada');
});

test('[P31] what one connection sends stands in the log in that order, edits and reactions among it', async () => {
  const hub = await openMemoryHub(scope, { limits: false });
  const client = await connectClient(scope, hub.url);
  const { position: target } = await client.publish('chat:x', { text: 'first' }, { id: 'm0' });
  const sent = countFrom(1, 60).map((n) => {
    const edit = n % 3 === 0 && { type: 'edit', data: { target, text: `edit ${n}` } };
    const lost = n % 7 === 0 && { type: 'delete', data: { target: `${target.split(':')[0]}:999` } };
    return client.ask('publish', { room: 'chat:x', id: `m${n}`, data: { text: String(n) }, ...edit, ...lost });
  });
  const answers = await Promise.all(sent);
  const taken = countFrom(0, 61).filter((n) => n === 0 || answers[n - 1]!.ok);
  expect(taken).toHaveLength(61 - 8);
  expect((await client.history('chat:x', { limit: 500 })).messages.map(({ id }) => id)).toEqual(taken.map((n) => `m${n}`));
});

test("somebody's own events and namespaces are theirs; hub.handle is checked and answered", async () => {
  const hub = await openMemoryHub(scope);
  const theirs = hub.io as unknown as import('socket.io').Server;
  theirs.on('connection', (socket) => {
    socket.on('shout', (text, ack) => ack(String(text).toUpperCase()));
    socket.on('quiet', (text) => socket.emit('heard', text));
  });
  hub.handle('double', z.strictObject({ n: z.int() }), ({ data }) => ({ twice: 2 * data.n }));
  hub.handle('fails', z.strictObject({}), () => Promise.reject(new Error('a secret of the program')));
  const client = await connectClient(scope, hub.url);
  expect(await client.ask('shout', 'hello')).toBe('HELLO');
  client.say('quiet', 'psst');
  expect(await client.event('heard')).toBe('psst');
  expect(await client.ask('double', { n: 4 })).toEqual({ ok: true, twice: 8 });
  expect(await client.ask('double', { n: '4' })).toMatchObject({ error: { code: 'invalid' } });
  const failed = await client.ask('fails', {});
  expect(failed).toMatchObject({ error: { code: 'internal' } });
  expect(JSON.stringify(failed)).not.toContain('secret');
  expect(() => hub.handle('double', z.any(), () => ({}))).toThrow('double');
});
