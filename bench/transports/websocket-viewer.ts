import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type RawData, WebSocket } from 'ws';
import type { Message } from '../../shared/protocol.js';
import type { Traffic, Viewer, ViewerOptions } from './viewer.js';

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
  #requests = 0;
  #tcp: Socket | undefined;

  constructor(private readonly options: ViewerOptions) {}

  get traffic(): Traffic {
    return { bytes: this.#tcp === undefined ? 0 : this.#tcp.bytesRead + this.#tcp.bytesWritten, requests: this.#requests };
  }

  async open(): Promise<void> {
    const { port, fail } = this.options;
    this.#requests++;
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`, { perMessageDeflate: false });
    socket.once('upgrade', (response: IncomingMessage) => {
      this.#tcp = response.socket;
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject).once('close', () => reject(new Error('a WebSocket ended before it was in the room')));
      socket.on('message', (data: RawData) => this.#read(socket, data.toString(), resolve));
    });
    socket.once('close', () => fail(new Error('a WebSocket ended')));
  }

  #read(socket: WebSocket, packet: string, subscribed: () => void): void {
    if (packet.startsWith(MESSAGE)) this.options.hear([JSON.parse(packet.slice(MESSAGE.length, -1)) as Message]);
    else if (packet === PING) socket.send(PONG);
    else if (packet.startsWith(OPEN)) socket.send(CONNECT);
    else if (packet.startsWith(CONNECT)) socket.send(`${EVENT}0["subscribe",${JSON.stringify({ room: this.options.room })}]`);
    else if (packet.startsWith(SUBSCRIBED)) subscribed();
  }
}
