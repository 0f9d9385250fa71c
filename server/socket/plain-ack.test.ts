import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openMemoryHub } from '../../test/support/memory-hub.js';
import { testScope } from '../../test/support/scope.js';
import { connectClient } from '../../test/support/stock-client.js';
import { plainAck } from './plain-ack.js';
import type { HubSocket } from './types.js';

const scope = testScope();

async function connected() {
  const hub = await openMemoryHub(scope);
  await connectClient(scope, hub.url, { transports: ['websocket'] });
  const [socket] = hub.io.sockets.sockets.values();
  const written: unknown[] = [];
  const connection = socket!.conn as unknown as { write(packet: unknown): void };
  connection.write = (packet) => void written.push(packet);
  return { socket: socket as unknown as HubSocket, written };
}

const stockAck = (socket: HubSocket, id: number) => (socket as unknown as { ack(id: number): (answer: unknown) => void }).ack(id);

test("an acknowledgement is written once, as Socket.IO's parser writes it", async () => {
  const { socket, written } = await connected();
  const answer = { ok: true, id: 'é"\\', position: 'a:1', time: 1, left: undefined };
  const ack = plainAck(socket, 17);
  ack(answer);
  ack({ ok: false });
  stockAck(socket, 17)(answer);
  expect(written).toEqual([written[1], written[1]]);
  expect(written[0]).toContain('317[');
});

test('whatever is answered, with whatever number a client gives, is written as by Socket.IO', async () => {
  const { socket, written } = await connected();
  fc.assert(
    fc.property(fc.oneof(fc.nat(), fc.double({ noNaN: true })), fc.jsonValue(), (id, answer) => {
      written.length = 0;
      plainAck(socket, id)(answer);
      stockAck(socket, id)(answer);
      expect(written).toEqual([written[1], written[1]]);
    }),
  );
});

test('an answer that cannot be written leaves the acknowledgement to the error', async () => {
  const { socket, written } = await connected();
  const ack = plainAck(socket, 1);
  expect(() => ack({ ok: true, n: 1n })).toThrow(TypeError);
  ack({ ok: false });
  expect(written).toEqual(['31[{"ok":false}]']);
});

test('a connection that has ended is told nothing', async () => {
  const { socket, written } = await connected();
  socket.disconnect(true);
  plainAck(socket, 1)({ ok: true });
  expect(written.filter((packet) => String(packet).startsWith('3'))).toEqual([]);
});
