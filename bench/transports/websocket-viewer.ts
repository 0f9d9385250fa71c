import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type RawData, WebSocket } from 'ws';
import type { Message } from '../../shared/protocol.js';
import type { Viewer, ViewerOptions } from './viewer.js';

/** Packets of Engine.IO 4 with those of Socket.IO 5 inside, as far as a viewer meets them. */
const OPEN = '0';
const PING = '2';
const PONG = '3';
const CONNECT = '40';
const EVENT = '42';
const SUBSCRIBED = '430';
const MESSAGE = `${EVENT}["message",`;

/** Follows a room over Socket.IO on a WebSocket, spoken here by hand so that the socket's bytes can be counted. */
export class WebSocketViewer implements Viewer {
  readonly requests = 1;
  readonly #socket: WebSocket;
  #tcp: Socket | undefined;
  #subscribed = () => {};

  constructor(private readonly options: ViewerOptions) {
    this.#socket = new WebSocket(`ws://127.0.0.1:${options.port}/socket.io/?EIO=4&transport=websocket`, { perMessageDeflate: false });
    this.#socket.once('upgrade', ({ socket }: IncomingMessage) => {
      this.#tcp = socket;
    });
    this.#socket.on('message', (data: RawData) => this.#read(data.toString()));
  }

  get bytes(): number {
    return this.#tcp === undefined ? 0 : this.#tcp.bytesRead + this.#tcp.bytesWritten;
  }

  async open(): Promise<void> {
    const subscribed = new Promise<void>((resolve) => {
      this.#subscribed = resolve;
    });
    await once(this.#socket, 'open');
    await subscribed;
    this.#socket.once('close', () => this.options.fail(new Error('a WebSocket ended')));
  }

  #read(packet: string): void {
    if (packet.startsWith(MESSAGE)) this.options.hear([JSON.parse(packet.slice(MESSAGE.length, -1)) as Message]);
    else if (packet === PING) this.#socket.send(PONG);
    else if (packet.startsWith(OPEN)) this.#socket.send(CONNECT);
    else if (packet.startsWith(CONNECT)) this.#socket.send(`${EVENT}0["subscribe",${JSON.stringify({ room: this.options.room })}]`);
    else if (packet.startsWith(SUBSCRIBED)) this.#subscribed();
  }
}
