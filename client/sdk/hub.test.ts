import { expect, test } from '@jest/globals';
import { HubError } from '../../shared/errors.js';
import { testScope } from '../../test/support/scope.js';
import { SmallHub } from '../../test/support/small-hub.js';
import { waitFor } from '../../test/support/wait.js';
import type { ConnectOptions, Hub } from './api.js';
import { connect } from './roomcast.js';

const scope = testScope();
const ROOM = 'chat:lobby';

async function startServer(prepare: (server: SmallHub) => void = () => {}): Promise<SmallHub> {
  const server = scope.defer(new SmallHub(), (started) => started.close());
  prepare(server);
  await server.listen();
  return server;
}

function client(url: string, options: ConnectOptions = {}): { hub: Hub; states: string[]; errors: string[] } {
  const io = { reconnectionDelay: 5, reconnectionDelayMax: 20 };
  const hub = scope.defer(connect(url, { answerTimeoutMs: 500, io, ...options }), (opened) => opened.close());
  const states: string[] = [hub.state];
  const errors: string[] = [];
  hub.on('state', (state) => states.push(state));
  hub.on('error', (error) => errors.push(error.code));
  return { hub, states, errors };
}

test('a guest is welcomed, and stays the same user over reconnects', async () => {
  const server = await startServer();
  const { hub, states } = client(server.url, { name: 'Ada' });
  const users: string[] = [];
  hub.on('user', ({ name }) => users.push(name));
  await waitFor(() => hub.state === 'online');
  const { id } = hub.user!;
  server.cut();
  await waitFor(() => states.length === 4);
  expect(states).toEqual(['connecting', 'online', 'offline', 'online']);
  expect(hub.user).toEqual({ id, name: 'Ada' });
  expect(users).toEqual(['Ada']);
});

test('a server that is not there yet is tried until it is', async () => {
  const server = await startServer();
  const { url } = server;
  await server.close();
  const { hub, states, errors } = client(url);
  await waitFor(() => errors.length >= 2);
  expect(states).toEqual(['connecting']);
  const back = scope.defer(new SmallHub(), (started) => started.close());
  await back.listen(Number(new URL(url).port));
  await waitFor(() => hub.state === 'online');
});

test('a refused connection is tried again where that may help, and closes where not', async () => {
  const server = await startServer((starting) => {
    starting.refuseConnections = new HubError('too_many_connections', undefined, 1);
  });
  const { hub, errors } = client(server.url);
  await waitFor(() => errors.length >= 2);
  expect(new Set(errors)).toEqual(new Set(['too_many_connections']));
  server.refuseConnections = undefined;
  await waitFor(() => hub.state === 'online');

  server.refuseConnections = new HubError('origin_refused');
  const refused = client(server.url);
  await waitFor(() => refused.hub.state === 'closed');
  expect(refused.errors).toEqual(['origin_refused']);
});

test('a token function is asked before each connection and before the token ends', async () => {
  const server = await startServer((starting) => {
    starting.tokenTtlMs = 2_500;
  });
  let made = 0;
  const { hub } = client(server.url, { token: () => `ada.${++made}` });
  await waitFor(() => hub.state === 'online');
  await waitFor(() => server.requests.some(({ event }) => event === 'auth:refresh'));
  server.cut();
  await waitFor(() => server.tokens.length === 3);
  expect(server.tokens).toEqual(['ada.1', 'ada.2', 'ada.3']);
});

test('a refused token is replaced and the request repeated, for reads, subscriptions, messages and jobs', async () => {
  const server = await startServer();
  let made = 0;
  const { hub } = client(server.url, { token: async () => `ada.${++made}` });
  const unauthorized = new HubError('unauthorized');
  const room = hub.room(ROOM);
  server.fail('subscribe', 'refuse', unauthorized);
  await room.ready;
  server.fail('publish', 'refuse', unauthorized);
  await room.publish({ text: 'x' }).done;
  server.fail('history', 'refuse', unauthorized);
  expect((await room.history()).messages).toHaveLength(1);
  server.fail('job:submit', 'refuse', unauthorized);
  await hub.submit('work', {});
  expect(server.requests.filter(({ event }) => event === 'auth:refresh')).toHaveLength(4);
});

test('without a way to another token, a refused one is final', async () => {
  const server = await startServer();
  const { hub } = client(server.url, { token: 'ada.1' });
  const room = hub.room(ROOM);
  await room.ready;
  server.fail('publish', 'refuse', new HubError('unauthorized'));
  await expect(room.publish({ text: 'x' }).done).rejects.toMatchObject({ code: 'unauthorized' });
  server.refuseConnections = new HubError('unauthorized');
  server.cut();
  await waitFor(() => hub.state === 'closed');
});

test('a token that cannot be had is reported and asked for again', async () => {
  const server = await startServer();
  let asked = 0;
  const { hub, errors } = client(server.url, {
    token: () => {
      if (++asked < 3) throw new Error('the token service is away');
      return 'ada.1';
    },
  });
  await waitFor(() => hub.state === 'online');
  expect(errors).toEqual(['unauthorized', 'unauthorized']);
});

test('asked to reconnect, it does, and everything goes on', async () => {
  const server = await startServer();
  const { hub, states } = client(server.url);
  const notices: string[] = [];
  hub.on('notice', ({ kind }) => notices.push(kind));
  const room = hub.room(ROOM);
  const heard: unknown[] = [];
  room.on('message', ({ data }) => heard.push(data));
  await room.ready;
  server.notify({ kind: 'reconnect', afterMs: 5 });
  await waitFor(() => states.length === 4);
  await room.publish({ text: 'still here' }).done;
  await waitFor(() => heard.length === 1);
  expect(notices).toEqual(['reconnect']);
  expect(states).toEqual(['connecting', 'online', 'offline', 'online']);
});

test('told that the connection ends for good, it stays closed', async () => {
  const server = await startServer();
  const { hub, errors } = client(server.url);
  await waitFor(() => hub.state === 'online');
  server.notify({ kind: 'closing', error: { code: 'forbidden', message: 'banned', retry: 'never' } });
  server.io.disconnectSockets(true);
  await waitFor(() => hub.state === 'closed');
  expect(errors).toEqual(['forbidden']);
});

test('a server that accepts and never welcomes is given up after the time to connect', async () => {
  const server = await startServer((starting) => {
    starting.io.removeAllListeners('connection');
  });
  const { hub, errors } = client(server.url, { connectTimeoutMs: 100 });
  await waitFor(() => errors.length >= 2);
  expect(new Set(errors)).toEqual(new Set(['timeout']));
  expect(hub.state).toBe('connecting');
});

test('a hub of another protocol is refused in one clear line', async () => {
  const server = await startServer((starting) => {
    starting.io.removeAllListeners('connection');
    starting.io.on('connection', (socket) => socket.emit('welcome', { protocol: 2 as 1, user: { id: 'u', name: 'U' } }));
  });
  const { hub, errors } = client(server.url);
  await waitFor(() => hub.state === 'closed');
  expect(errors).toEqual(['invalid']);
});

test('an event of the application is asked and answered like the others', async () => {
  const server = await startServer();
  server.io.on('connection', (socket) => {
    (socket as { on(event: string, listener: (payload: unknown, ack: (answer: unknown) => void) => void): void }).on(
      'vote',
      (payload, ack) => ack({ ok: true, counted: payload }),
    );
  });
  const { hub } = client(server.url);
  await waitFor(() => hub.state === 'online');
  expect(await hub.call<{ counted: unknown }>('vote', { up: true })).toEqual({ counted: { up: true } });
  await expect(hub.request('job:get', { jobId: 'nothing' })).rejects.toMatchObject({ code: 'unknown_job' });
});

test('outside of a page an address is needed', () => {
  expect(() => connect()).toThrow(HubError);
});
