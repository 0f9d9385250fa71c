import { WebSocket } from 'ws';
import type { Ack, Message, PublishAnswer, SubscribeAnswer } from '../../../shared/protocol.js';
import { placeIn } from '../load/places.js';
import type { Tally } from './tally.js';

export interface RawClientOptions {
  /** Of the front, or of one instance. */
  readonly url: string;
  /** Source address of its connections. */
  readonly address: string;
  /** Makes it the same guest on every connection. */
  readonly guestKey: string;
  readonly room: string;
  readonly tally: Tally;
  /** 0 to 1. */
  readonly random: () => number;
}

/** As `socket.io-client` waits by default: a second that doubles up to five, give or take a half. */
const RECONNECT_MS = { first: 1_000, most: 5_000 };
const AGAIN_MS = 500;
const SUBSCRIBE_ID = 0;
const TEXT_EVENT = '42["message",';

/**
 * A client of one room that speaks Engine.IO 4 and Socket.IO 5 on a bare WebSocket, so that thousands fit into one process. It does what a
 * stock client would: connects anew when its connection is lost, and subscribes with the last position that it saw.
 */
export class RawClient {
  /** Seq of the last message that it has; what comes next must be the one after. */
  seq = 0;
  /** Subscribed, and nothing that it missed is still to come. */
  caughtUp = false;
  #epoch = '';
  #subscribed = false;
  #goal = 0;
  #lostAtMs: number | undefined;
  #attempts = 0;
  #socket: WebSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #nextId = 1;
  readonly #acks = new Map<number, (answer: Ack<PublishAnswer>) => void>();

  constructor(private readonly options: RawClientOptions) {}

  connect(): void {
    const { url, address } = this.options;
    const socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`, {
      localAddress: address,
      perMessageDeflate: false,
    });
    this.#socket = socket;
    socket.on('message', (data) => socket === this.#socket && this.#hear(String(data)));
    socket.on('unexpected-response', (request, { statusCode = 0 }) => {
      this.options.tally.refusedWith(`HTTP ${statusCode}`);
      request.destroy();
      this.#lost(socket);
    });
    // The end that follows tells.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#lost(socket));
  }

  /** Resolves with its place, or not at all when the connection goes meanwhile. */
  publish(data: object, id: string): Promise<Ack<PublishAnswer>> {
    const ack = this.#nextId++;
    this.#emit(ack, 'publish', { room: this.options.room, id, data });
    return new Promise((resolve) => this.#acks.set(ack, resolve));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.terminate();
  }

  #hear(packet: string): void {
    if (packet.startsWith(TEXT_EVENT)) this.#subscribed && this.#take(JSON.parse(packet.slice(2))[1]);
    else if (packet === '2') this.#socket?.send('3');
    else if (packet.startsWith('0')) this.#socket?.send(`40${JSON.stringify({ guestKey: this.options.guestKey })}`);
    else if (packet.startsWith('40')) this.#subscribe();
    else if (packet.startsWith('44')) this.#refused(JSON.parse(packet.slice(2)).data?.error?.code ?? 'unknown');
    else if (packet.startsWith('43')) this.#acknowledged(packet);
  }

  #acknowledged(packet: string): void {
    const at = packet.indexOf('[');
    const [id, answer] = [Number(packet.slice(2, at)), JSON.parse(packet.slice(at))[0]];
    if (id === SUBSCRIBE_ID) this.#answered(answer);
    else this.#acks.get(id)?.(answer);
    this.#acks.delete(id);
  }

  #subscribe(): void {
    const since = this.#epoch === '' ? {} : { since: `${this.#epoch}:${this.seq}` };
    this.#emit(SUBSCRIBE_ID, 'subscribe', { room: this.options.room, ...since });
  }

  #answered(answer: Ack<SubscribeAnswer>): void {
    if (!answer.ok) {
      this.options.tally.refusedWith(answer.error.code);
      this.#timer = setTimeout(() => this.#subscribe(), answer.error.retryAfterMs ?? AGAIN_MS);
      return;
    }
    const { stream, seq } = placeIn(answer.position);
    if (this.#epoch === '') [this.#epoch, this.seq] = [stream, seq];
    else if (!answer.recovered) this.options.tally.unrecovered++;
    this.#subscribed = true;
    this.#attempts = 0;
    this.#goal = seq;
    for (const message of answer.messages) this.#take(message);
    this.#look();
  }

  #take({ position, data }: Message): void {
    const { stream, seq } = placeIn(position);
    const { tally } = this.options;
    if (stream !== this.#epoch || seq > this.seq + 1) tally.holes++;
    else if (seq <= this.seq) tally.repeats++;
    [this.#epoch, this.seq] = [stream, Math.max(seq, this.seq)];
    if (this.caughtUp) tally.heard((data as { atMs: number }).atMs);
    else this.#look();
  }

  /** Whether it has all that was there when it subscribed. */
  #look(): void {
    if (this.caughtUp || this.seq < this.#goal) return;
    this.caughtUp = true;
    if (this.#lostAtMs !== undefined) this.options.tally.returned(this.#lostAtMs);
  }

  #refused(code: string): void {
    this.options.tally.refusedWith(code);
    this.#socket?.close();
  }

  #lost(socket: WebSocket): void {
    if (socket !== this.#socket || this.#closed) return;
    this.#socket = undefined;
    if (this.caughtUp) {
      this.#lostAtMs = this.options.tally.now();
      this.options.tally.lost++;
    }
    this.#subscribed = false;
    this.caughtUp = false;
    clearTimeout(this.#timer);
    const waitMs = Math.min(RECONNECT_MS.first * 2 ** this.#attempts++, RECONNECT_MS.most);
    this.#timer = setTimeout(() => this.connect(), waitMs * (0.5 + this.options.random()));
  }

  #emit(ack: number, event: string, payload: object): void {
    this.#socket?.send(`42${ack}${JSON.stringify([event, payload])}`);
  }
}
