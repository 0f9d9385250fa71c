import { createServer } from 'node:http';
import { expect, test } from '@jest/globals';
import { connect, type Hub as HubClient } from '../client/sdk/roomcast.js';
import { createHub } from '../server/roomcast.js';
import { testScope } from './support/scope.js';
import { waitFor } from './support/wait.js';

const scope = testScope();
const ROOM = 'chat:order';
const REFUSAL = { code: 'busy', message: 'not now', retry: 'later', retryAfterMs: 1 };

/** A hub that refuses every seventh publication, whichever it is. */
async function startRefusingHub(): Promise<{ url: string; refusals(): number }> {
  const server = scope.defer(createServer(), (open) => new Promise((resolve) => open.close(resolve).closeAllConnections()));
  const hub = scope.defer(await createHub({ server, store: 'memory', hostMetrics: false, logLevel: 'silent', limits: false }), (open) =>
    open.close(),
  );
  let publications = 0;
  let refusals = 0;
  hub.io.on('connection', (socket) =>
    socket.use(([event, , ack], next) => {
      if (event !== 'publish' || ++publications % 7 !== 0) return next();
      refusals++;
      (ack as (answer: object) => void)({ ok: false, error: REFUSAL });
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}`, refusals: () => refusals };
}

function client(url: string): HubClient {
  const io = { reconnectionDelay: 5, reconnectionDelayMax: 20 };
  return scope.defer(connect(url, { publishesPerSecond: 0, io }), (hub) => hub.close());
}

test('[P90] a hub that refuses some of what is on its way changes no order, in each of several rooms', async () => {
  const hub = await startRefusingHub();
  const [reader, writer] = [client(hub.url), client(hub.url)];
  const rooms = (['chat:one', 'chat:two', ROOM] as const).map((name) => {
    const heard: number[] = [];
    const room = reader.room<{ n: number }>(name);
    room.on('message', ({ data }) => heard.push(data.n));
    return { heard, ready: room.ready, writing: writer.room(name) };
  });
  await Promise.all(rooms.map(({ ready }) => ready));
  const wanted = Array.from({ length: 150 }, (_, n) => n);
  await Promise.all(rooms.flatMap(({ writing }) => wanted.map((n) => writing.publish({ n }).done)));
  await waitFor(() => rooms.every(({ heard }) => heard.length >= wanted.length), { what: 'the reader to have everything' });
  for (const { heard } of rooms) expect(heard).toEqual(wanted);
  expect(hub.refusals()).toBeGreaterThan(50);
});
