import type { Socket as TcpSocket } from 'node:net';
import { expect, test } from '@jest/globals';
import { type WebSocket, WebSocketServer } from 'ws';
import { testScope } from '../../../test/support/scope.js';
import { openTcpPair } from '../../../test/support/tcp-pair.js';
import { waitFor } from '../../../test/support/wait.js';
import { type WsParts, WsSocket } from '../ws-internals.js';
import { LentReceiver } from './lent-receiver.js';
import { WsModel } from './ws-model.js';

type Settable = WebSocket & WsParts;

const scope = testScope();
const { options } = new WebSocketServer({ noServer: true, maxPayload: 1_000 });
const EVENTS = ['close', 'data', 'end', 'error'];

async function openWebSocket(setUp: (websocket: Settable, tcp: TcpSocket) => void) {
  const [tcp, client] = await openTcpPair(scope);
  const before = EVENTS.flatMap((event) => tcp.rawListeners(event));
  const websocket = new WsSocket(null, undefined, options) as Settable;
  // As HTTP leaves it.
  tcp.setTimeout(60_000);
  const noDelay: unknown[] = [];
  const { setNoDelay } = tcp;
  tcp.setNoDelay = (...args) => {
    noDelay.push(args);
    return setNoDelay.apply(tcp, args);
  };
  setUp(websocket, tcp);
  const listeners = EVENTS.flatMap((event) => tcp.rawListeners(event)).filter((listener) => !before.includes(listener));
  const owner = Object.getOwnPropertySymbols(tcp).find(({ description }) => description === 'websocket')!;
  const heard: string[] = [];
  websocket.on('message', (data) => heard.push(`message ${data}`));
  websocket.on('error', (error) => heard.push(`error ${(error as { code?: string }).code}`));
  websocket.on('close', (code) => heard.push(`close ${code}`));
  const events = Object.fromEntries(tcp.eventNames().map((event) => [event, tcp.listenerCount(event)]));
  return { websocket, tcp, client, listeners, owner, heard, system: { noDelay, timeout: tcp.timeout, events } };
}

const byWs = () => openWebSocket((websocket, tcp) => websocket.setSocket(tcp, Buffer.alloc(0), options));
const byModel = () => openWebSocket((websocket, tcp) => new WsModel(options).setUp(websocket, tcp));

test('a WebSocket is set up as ws does it, and has a receiver that is lent', async () => {
  const [stock, ours] = [await byWs(), await byModel()];
  expect(ours.listeners).toHaveLength(EVENTS.length);
  expect(ours.listeners).toEqual(stock.listeners);
  expect(ours.owner).toBe(stock.owner);
  expect(ours.system).toEqual(stock.system);
  expect((ours.tcp as unknown as Record<symbol, unknown>)[ours.owner]).toBe(ours.websocket);
  // The socket's own, the sender that is still to come, and functions of each.
  const others = { _receiver: undefined, _sender: undefined, _socket: undefined, _autoPongComplete: undefined, _events: undefined };
  expect({ ...ours.websocket, ...others }).toEqual({ ...stock.websocket, ...others });
  expect(ours.websocket._receiver).toBeInstanceOf(LentReceiver);
});

test.each([
  ['what it is sent, and its end', [0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69], ['message hi', 'close 1006']],
  ['that a frame is not masked', [0x81, 0x02, 0x68, 0x69], ['error WS_ERR_EXPECTED_MASK', 'close 1006']],
  ['that a message is too long', [0x81, 0xfe, 0x04, 0x00, 0, 0, 0, 0], ['error WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 'close 1006']],
])('a WebSocket hears, as one of ws does: %s', async (_what, bytes, expected) => {
  for (const { client, websocket, heard } of [await byWs(), await byModel()]) {
    // Senders are somebody else's: its answer is not looked at.
    websocket.close = () => {};
    client.end(Buffer.from(bytes));
    await waitFor(() => heard.at(-1)?.startsWith('close') === true);
    expect(heard).toEqual(expected);
  }
});
