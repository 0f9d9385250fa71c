import { type RawData, WebSocket } from 'ws';
import type { SubscribeRequest } from '../../shared/schemas.js';

/** Packets of Engine.IO 4 with those of Socket.IO 5 inside, by their first bytes. */
const OPEN = 0x30;
const PING = 0x32;
const CONNECTED = '40';
const ACKNOWLEDGED = '430';

export type OnPacket = (packet: Buffer) => void;

/** A subscription over a WebSocket, spoken by hand: what it hears is looked at as bytes, so that many of them fit into one process. */
export class RawViewer {
  readonly #socket: WebSocket;

  private constructor(
    socket: WebSocket,
    private readonly onPacket: OnPacket,
  ) {
    this.#socket = socket;
  }

  /** Resolves once it is in the room. @throws Error when it is refused */
  static async open(port: number, wish: SubscribeRequest, onPacket: OnPacket): Promise<RawViewer> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`, { perMessageDeflate: false });
    const viewer = new RawViewer(socket, onPacket);
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.on('message', (data: RawData) => viewer.#hear(data as Buffer, wish, resolve, reject));
    });
    return viewer;
  }

  /** Nothing is read until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.terminate();
  }

  #hear(packet: Buffer, wish: SubscribeRequest, subscribed: () => void, refused: (error: Error) => void): void {
    const head = packet.toString('latin1', 0, 16);
    if (head.startsWith(CONNECTED)) this.#socket.send(`420["subscribe",${JSON.stringify(wish)}]`);
    else if (head.startsWith(ACKNOWLEDGED)) {
      if (head.includes('"ok":true')) subscribed();
      else refused(new Error(packet.toString('utf8', 0, 300)));
    } else if (packet[0] === PING) this.#socket.send('3');
    else if (packet[0] === OPEN) this.#socket.send('40');
    else this.onPacket(packet);
  }
}
