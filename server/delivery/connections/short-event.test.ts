import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Server, type Socket } from 'socket.io';
import { openMemoryHub } from '../../../test/support/memory-hub.js';
import { testScope } from '../../../test/support/scope.js';
import { connectClient } from '../../../test/support/stock-client.js';
import { waitFor } from '../../../test/support/wait.js';
import type { EngineConnection } from './internals.js';
import { parseShortEvent } from './short-event.js';
import type { Decoder } from './small-decoder.js';

const scope = testScope();
const { Decoder: StockDecoder } = (new Server() as unknown as { _parser: { Decoder: new () => Decoder } })._parser;

/** What Socket.IO's parser makes of engine.io's message; undefined where it refuses it. */
function decoded(text: string): unknown {
  let packet: unknown;
  const decoder = new StockDecoder();
  decoder.on('decoded', (one) => {
    packet = { ...one };
  });
  try {
    decoder.add(text.slice(1));
  } catch {
    return undefined;
  }
  return packet;
}

test('what is taken for an event is one, and the same, to Socket.IO', () => {
  const event = fc.tuple(fc.string(), fc.jsonValue()).map((data) => JSON.stringify(data));
  const body = fc.oneof(event, event, fc.json(), fc.string());
  const id = fc.oneof(
    fc.constant(''),
    fc.nat().map(String),
    fc.stringMatching(/^[0-9]{1,20}$/),
    // Past what a number holds exactly.
    fc.stringMatching(/^[1-9][0-9]{16,24}$/),
    fc.constantFrom('1e3', ' 1', '-1', '/x,', '/,5'),
  );
  fc.assert(
    fc.property(fc.constantFrom('42', '42', '42', '43', '40', '452-', '2'), id, body, (code, number, json) => {
      const text = `${code}${number}${json}`;
      const packet = parseShortEvent(text);
      if (packet) expect(packet).toEqual(decoded(text));
    }),
    { numRuns: 2_000 },
  );
});

test.each(['42["e"]', '421["e",{"a":[1]}]', '42999999999999999["e","é\\ud83d\\ude00"]'])('%s is taken', (text) => {
  expect(parseShortEvent(text)).toEqual(decoded(text));
});

/** What brings a client's texts to its connection. */
interface Hearing {
  hear(text: string): void;
  onData(data: unknown): void;
  readonly decoder: { takeParsed(packet: object): boolean };
}
const transportOf = (socket: Socket) => socket.conn.transport as unknown as Hearing;

/** How often a client's texts went past engine.io's parser from then on, and how often through it. */
function countWays(socket: Socket) {
  const transport = transportOf(socket);
  const ways = { short: 0, long: 0 };
  const { onData, decoder } = transport;
  const { takeParsed } = decoder;
  decoder.takeParsed = (packet) => {
    const isTaken = takeParsed.call(decoder, packet);
    if (isTaken) ways.short++;
    return isTaken;
  };
  transport.onData = (data) => {
    ways.long++;
    onData.call(transport, data);
  };
  return ways;
}

test.each([['websocket'], ['polling', 'websocket']])(
  'events go past the parsers of a client that begins with %s',
  async (...transports) => {
    const hub = await openMemoryHub(scope);
    const client = await connectClient(scope, hub.url, { transports });
    const [socket] = hub.io.sockets.sockets.values();
    await waitFor(() => (socket!.conn.transport as unknown as { name: string }).name === 'websocket');
    const ways = countWays(socket!);
    await client.publish('chat:x', 'text');
    expect(ways).toEqual({ short: 1, long: 0 });
    // Not an event of the hub's, and one with binary in it: Socket.IO brings them.
    client.say('unknown');
    await client.ask('publish', { room: 'chat:x', id: 'b', data: Buffer.from('bytes') });
    await client.publish('chat:x', 'behind');
    expect(ways).toEqual({ short: 2, long: 3 });
  },
);

async function connected(): Promise<{ socket: Socket; connection: EngineConnection }> {
  const hub = await openMemoryHub(scope);
  await connectClient(scope, hub.url, { transports: ['websocket'] });
  const [socket] = hub.io.sockets.sockets.values();
  return { socket: socket as unknown as Socket, connection: socket!.conn as unknown as EngineConnection };
}

const EVENT = '42["presence",{"room":"chat:x"}]';

test.each<[string, (connection: EngineConnection) => void]>([
  ['is closing', (connection) => Object.assign(connection, { readyState: 'closing' })],
  ['has gone over to another transport', (connection) => Object.assign(connection, { transport: { name: 'another' } })],
  [
    'waits for the binary parts of an event',
    ({ transport }) => (transport as never as Hearing).onData('451-["x",{"_placeholder":true,"num":0}]'),
  ],
  ['is listened to for data by somebody else', (connection) => connection.on('data', () => {})],
  ['is listened to for messages', (connection) => connection.on('message', () => {})],
])('an event goes through the parsers while its connection %s', async (_what, change) => {
  const { socket, connection } = await connected();
  const hearing = transportOf(socket);
  const { readyState, transport } = connection;
  change(connection);
  const ways = countWays({ conn: { transport: hearing } } as never);
  hearing.hear(EVENT);
  expect(ways).toEqual({ short: 0, long: 1 });
  if (connection.readyState === 'closing') connection.readyState = readyState;
  connection.transport = transport;
});

test('an event that goes past the parsers says that its client is there, as every packet does', async () => {
  const { socket, connection } = await connected();
  let refreshed = 0;
  connection.pingTimeoutTimer = { refresh: () => refreshed++ };
  connection.hasRefreshedPingTimeout = false;
  const ways = countWays(socket);
  for (let time = 0; time < 2; time++) transportOf(socket).hear(EVENT);
  connection.pingTimeoutTimer = null;
  expect(ways).toEqual({ short: 2, long: 0 });
  expect(refreshed).toBe(1);
});

test('whoever listens to all that a connection brings hears of the events too', async () => {
  const hub = await openMemoryHub(scope);
  const client = await connectClient(scope, hub.url, { transports: ['websocket'] });
  const [socket] = hub.io.sockets.sockets.values();
  const heard: string[] = [];
  socket!.conn.on('packet', ({ data }: { data: string }) => heard.push(data.replace(/^\d+/, '')));
  await client.ask('presence', { room: 'chat:x' });
  expect(heard).toEqual(['["presence",{"room":"chat:x"}]']);
});
