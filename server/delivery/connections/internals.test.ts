import { createServer } from 'node:http';
import { beforeAll, expect, test } from '@jest/globals';
import { Transport } from 'engine.io';
import { Server, Socket } from 'socket.io';
import { WebSocket, WebSocketServer } from 'ws';
import { fileScope } from '../../../test/support/scope.js';
import { waitFor } from '../../../test/support/wait.js';
import type { WsParts, WsReceiver } from '../ws-internals.js';
import type { EngineConnection, EngineServer } from './internals.js';

// What is held here is not declared by engine.io, socket.io and ws. Where one of these fails after an update, read again in the package
// what the files of this folder take over from it.

const scope = fileScope();
let engine: EngineServer;
let connection: EngineConnection;
let socket: Socket;
/** Listeners as they were when engine.io told of the connection. */
let closeListeners: unknown[];
let transportEvents: (string | symbol)[];

beforeAll(async () => {
  const http = createServer();
  const io = new Server(http);
  engine = io.engine as unknown as EngineServer;
  engine.on('connection', (one: EngineConnection) => {
    connection = one;
    closeListeners = one.rawListeners('close');
    transportEvents = one.transport.eventNames();
  });
  io.on('connection', (one) => {
    socket = one;
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  scope.defer(io, (open) => open.close());
  const client = new WebSocket(`ws://127.0.0.1:${(http.address() as { port: number }).port}/socket.io/?EIO=4&transport=websocket`);
  scope.defer(client, (open) => open.terminate());
  client.once('message', () => client.send('40'));
  await waitFor(() => socket !== undefined);
});

const methodsOf = (of: { prototype: object }): Record<string, string> =>
  Object.fromEntries(Object.getOwnPropertyNames(of.prototype).map((name) => [name, methodText(of.prototype, name)]));
const methodText = (prototype: object, name: string) => String(Object.getOwnPropertyDescriptor(prototype, name)?.value);

test("engine.io's socket has the fields that are set, and the methods that are called, from here", () => {
  expect(Object.keys(connection)).toEqual(
    expect.arrayContaining([
      ...['request', 'protocol', 'transport', 'cleanupFn', 'writeBuffer', 'packetsFn', 'sentCallbackFn'],
      ...['pingIntervalTimer', 'pingTimeoutTimer', 'hasRefreshedPingTimeout'],
    ]),
  );
  expect(Object.getOwnPropertyNames(Object.getPrototypeOf(connection))).toEqual(
    expect.arrayContaining([
      'sendPacket',
      'onPacket',
      'onDrain',
      'flush',
      'onError',
      'onClose',
      'schedulePing',
      'resetPingTimeout',
      'setTransport',
    ]),
  );
  expect(connection.pingIntervalTimer).toMatchObject({ _idleTimeout: engine.opts.pingInterval });
  expect(connection.pingTimeoutTimer).toBe(null);
  expect(connection.cleanupFn).toHaveLength(1);
});

test('engine.io listens to a transport for what SmallTransport tells its connection', () => {
  expect(new Set(transportEvents)).toEqual(new Set(['error', 'ready', 'packet', 'drain', 'close', 'headers']));
});

test("engine.io's WebSocket transport has no more to it than SmallTransport takes over", () => {
  expect(Object.getOwnPropertyNames(Object.getPrototypeOf(connection.transport))).toEqual([
    ...['constructor', 'name', 'handlesUpgrades', 'send', '_canSendPreEncodedFrame', 'doClose'],
  ]);
  expect(Object.keys(connection.transport)).toEqual(
    expect.arrayContaining(['writable', 'protocol', 'parser', 'supportsBinary', 'socket', 'perMessageDeflate']),
  );
});

test('the first to hear that a connection closes is engine.io, which forgets it', () => {
  expect(closeListeners).toHaveLength(2);
  expect(closeListeners.map((listener) => 'listener' in (listener as object))).toEqual([true, false]);
  const before = engine.clientsCount;
  (closeListeners[0] as { listener: () => void }).listener();
  expect(engine.clientsCount).toBe(before - 1);
  expect(engine.clients[connection.id]).toBe(undefined);
  engine.clients[connection.id] = connection;
  engine.clientsCount++;
});

test('engine.io opens a WebSocket by what openSmallConnections does in its place', () => {
  expect(typeof engine.generateId).toBe('function');
  expect(engine.handshake).toHaveLength(3);
  const steps =
    /createTransport|perMessageDeflate|new socket_1\.Socket|onRequest|this\.clients\[id\] = socket|clientsCount\+\+|emit\("connection", /g;
  expect(engine.handshake.toString().match(steps)).toEqual([
    ...['createTransport', 'perMessageDeflate', 'perMessageDeflate', 'new socket_1.Socket', 'onRequest'],
    ...['this.clients[id] = socket', 'clientsCount++', 'emit("connection", '],
  ]);
  // Of a WebSocket transport it does nothing.
  expect(Transport.prototype.onRequest.toString()).toMatch(/\{\s*\}$/);
  expect(Object.hasOwn(Object.getPrototypeOf(connection.transport), 'onRequest')).toBe(false);
});

test('engine.io lets an upgrade in by what openSmallConnections looks at, and hands it to ws', () => {
  const { handleUpgrade, verify, onWebSocket } = engine as unknown as Record<string, () => void>;
  expect(String(verify).match(/fn\(Server\.errors\.\w+|this\.opts\.\w+/g)).toEqual([
    ...['this.opts.transports', 'fn(Server.errors.UNKNOWN_TRANSPORT', 'fn(Server.errors.BAD_REQUEST', 'fn(Server.errors.UNKNOWN_SID'],
    ...['fn(Server.errors.BAD_REQUEST', 'fn(Server.errors.BAD_REQUEST', 'fn(Server.errors.BAD_HANDSHAKE_METHOD'],
    ...['fn(Server.errors.BAD_REQUEST', 'this.opts.allowRequest', 'this.opts.allowRequest', 'fn(Server.errors.FORBIDDEN'],
  ]);
  expect(String(handleUpgrade).match(/(this|res)\.[\w.]+\(/g)).toEqual([
    ...[
      'this.prepare(',
      'this.emit(',
      'res.writeHead(',
      'this.ws.handleUpgrade(',
      'this.onWebSocket(',
      'this._applyMiddlewares(',
      'this.verify(',
    ],
  ]);
  expect(String(onWebSocket)).toContain('req.websocket = websocket');
});

test('engine.io makes transports, takes upgrades and knows its middlewares by these names', () => {
  expect(typeof engine.createTransport).toBe('function');
  expect(typeof engine.handleUpgrade).toBe('function');
  expect(engine.middlewares).toEqual([]);
  expect(engine.ws?.options).toMatchObject({ maxPayload: 1e6 });
});

test("socket.io's socket and client have the fields that are replaced", () => {
  const { client } = socket as unknown as { client: Record<string, unknown> };
  expect(socket).toMatchObject({ acks: new Map(), fns: [] });
  expect(client).toMatchObject({ sockets: new Map([[socket.id, socket]]), nsps: new Map([['/', socket]]) });
  expect(client.decoder).toBeInstanceOf(
    (socket.client as unknown as { server: { _parser: { Decoder: () => void } } }).server._parser.Decoder,
  );
  expect(Object.getOwnPropertyNames(Object.getPrototypeOf(client.decoder))).toEqual(
    expect.arrayContaining(['add', 'decodeString', 'destroy']),
  );
  (client.decoder as { add(data: string): void }).add('51-["e",{"_placeholder":true,"num":0}]');
  expect((client.decoder as { reconstructor: unknown }).reconstructor).toBeInstanceOf(Object);
});

test('a namespace makes its sockets by a method that takes its client and auth, and a socket takes the id of a session', () => {
  const { nsp } = socket as unknown as { nsp: { _createSocket: object } };
  expect(nsp._createSocket).toHaveLength(2);
  const session = { sid: 'mine', rooms: [], data: {}, missedPackets: [] };
  const made = new (Socket as unknown as new (...parts: unknown[]) => Socket)(nsp, socket.client, {}, session);
  expect({ ...made }).toEqual({ ...socket, ...made, recovered: true, pid: undefined });
  expect(made).toMatchObject({ id: 'mine', data: {}, recovered: true });
  expect(Object.hasOwn(Socket.prototype, 'buildHandshake')).toBe(true);
});

test('a handshake has no more in it than is kept', () => {
  expect(Object.keys(socket.handshake)).toEqual(['headers', 'time', 'address', 'xdomain', 'secure', 'issued', 'url', 'query', 'auth']);
});

test("engine.io's socket opens by what SmallConnection does in its place", () => {
  const { onOpen } = connection as unknown as Record<string, () => void>;
  expect(String(onOpen).match(/this\.\w+\(|this\.transport\.sid = this\.id|readyState = "open"|\w+: this\.[\w.]+/g)).toEqual([
    ...['readyState = "open"', 'this.transport.sid = this.id', 'this.sendPacket(', 'sid: this.id', 'upgrades: this.getAvailableUpgrades'],
    ...['pingInterval: this.server.opts.pingInterval', 'pingTimeout: this.server.opts.pingTimeout'],
    ...['maxPayload: this.server.opts.maxHttpBufferSize', 'this.sendPacket(', 'this.emit(', 'this.resetPingTimeout(', 'this.schedulePing('],
  ]);
});

test('ws answers an upgrade, and sets a WebSocket up, by what is done in its place', () => {
  const { setSocket, completeUpgrade } = { ...methodsOf(WebSocket), ...methodsOf(WebSocketServer) };
  expect(setSocket!.match(/(this|socket)\.\w+\(?|\[kWebSocket\] = this/g)).toEqual([
    ...['this.binaryType', 'this._extensions', 'this._isServer', 'this._extensions', 'this._receiver', 'this._sender', 'this._socket'],
    ...['[kWebSocket] = this', '[kWebSocket] = this', '[kWebSocket] = this', 'socket.setTimeout', 'socket.setTimeout('],
    ...['socket.setNoDelay', 'socket.setNoDelay(', 'socket.unshift(', 'socket.on(', 'socket.on(', 'socket.on(', 'socket.on('],
    ...['this._readyState', 'this.emit('],
  ]);
  expect(completeUpgrade!.match(/(this|socket|ws)\.\w+\(?|RUNNING|socket\[kWebSocket\]|`?Sec-WebSocket-\w+/g)).toEqual([
    ...['socket.readable', 'socket.writable', 'socket.destroy(', 'socket[kWebSocket]', 'this._state', 'RUNNING', '`Sec-WebSocket-Accept'],
    ...['this.options', 'this.options', 'this.options', 'this.options', '`Sec-WebSocket-Protocol', 'ws._protocol'],
    ...['`Sec-WebSocket-Extensions', 'ws._extensions', 'this.emit(', 'socket.write(', 'socket.removeListener(', 'ws.setSocket('],
    ...['this.options', 'this.options', 'this.options', 'this.options', 'this.options', 'this.clients', 'this.clients', 'ws.on('],
    ...['this.clients', 'this._shouldEmitClose', 'this.clients'],
  ]);
});

test("ws's receiver tells where it is in a frame, and whose it is", () => {
  const parts = (connection.transport as unknown as { socket: WsParts }).socket;
  const receiver = parts._receiver as WsReceiver;
  expect(receiver).toMatchObject({ _state: 0, _bufferedBytes: 0, _fragmented: 0, _errored: false });
  expect(Object.getOwnPropertySymbols(receiver).map(({ description }) => description)).toContain('websocket');
  expect(new Set(receiver.eventNames())).toEqual(new Set(['conclude', 'drain', 'error', 'message', 'ping', 'pong']));
  expect(receiver._writableState).toMatchObject({ errorEmitted: false, finished: false, needDrain: false });
  expect(parts._sender._extensions).toBe(parts._extensions);
});
