import { expect, test } from '@jest/globals';
import { openMemoryHub } from '../../../test/support/memory-hub.js';
import { testScope } from '../../../test/support/scope.js';
import { connectClient } from '../../../test/support/stock-client.js';
import type { EngineConnection } from './internals.js';

const scope = testScope();

async function connected() {
  const hub = await openMemoryHub(scope);
  const client = await connectClient(scope, hub.url, { transports: ['websocket'] });
  const [socket] = hub.io.sockets.sockets.values();
  return { client, socket: socket!, connection: socket!.conn as unknown as EngineConnection };
}

test('a text goes past the queues, and is told as a packet all the same', async () => {
  const { client, socket, connection } = await connected();
  const told: string[] = [];
  connection.on('packetCreate', ({ data }: { data: string }) => told.push(data));
  connection.on('flush', () => told.push('flush'));
  socket.emit('notice', { kind: 'reconnect', afterMs: 1 });
  expect(await client.event('notice')).toMatchObject({ afterMs: 1 });
  expect(told).toEqual(['2["notice",{"kind":"reconnect","afterMs":1}]']);
});

test('behind what engine.io holds, and what it alone can send, everything keeps its order', async () => {
  const { client, socket, connection } = await connected();
  const { transport } = connection as unknown as { transport: { writable: boolean } };
  const emit = (value: unknown) => (socket as unknown as { emit(...event: unknown[]): void }).emit('x', value);
  emit(1);
  emit(Buffer.from('2'));
  emit(3);
  transport.writable = false;
  emit(4);
  transport.writable = true;
  emit(5);
  emit(6);
  await client.event('x', (value) => value === 6);
  const values = client.heard.filter(({ event }) => event === 'x').map(({ args }) => args[0]);
  expect(values).toEqual([1, Buffer.from('2'), 3, 4, 5, 6]);
});

test('a connection that has ended takes nothing, and says nothing', async () => {
  const { socket, connection } = await connected();
  socket.conn.close();
  expect(() => connection.write('2["late"]')).not.toThrow();
});
