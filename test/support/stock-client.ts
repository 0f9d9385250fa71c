import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import type {
  Ack,
  ClientToServerEvents,
  HistoryAnswer,
  JobState,
  Message,
  PublishAnswer,
  ServerToClientEvents,
  SubscribeAnswer,
  Welcome,
} from '../../shared/protocol.js';
import type { Scope } from './scope.js';
import { PATIENCE_MS, waitFor } from './wait.js';

export type StockSocket = Socket<ServerToClientEvents, ClientToServerEvents>;
export type ClientOptions = Partial<ManagerOptions & SocketOptions>;

/** A stock socket.io-client that keeps what it hears. */
export class StockClient {
  /** Room messages in their order of arrival. */
  readonly messages: Message[] = [];
  readonly jobs: JobState[] = [];
  readonly heard: { event: string; args: unknown[] }[] = [];

  constructor(readonly socket: StockSocket) {
    socket.on('message', (message) => this.messages.push(message));
    socket.on('job', (job) => this.jobs.push(job));
    socket.onAny((event, ...args) => this.heard.push({ event, args }));
  }

  /** Emits any event, also a wrong one, without asking for an acknowledgement. */
  say(event: string, ...args: unknown[]): void {
    // biome-ignore lint/suspicious/noExplicitAny: events that the protocol does not know are sent on purpose
    (this.socket as any).emit(event, ...args);
  }

  /** Emits any event, also a wrong one, and gives the acknowledgement as it is. */
  async ask<Answer = Record<string, unknown>>(event: string, ...args: unknown[]): Promise<Ack<Answer>> {
    // biome-ignore lint/suspicious/noExplicitAny: events that the protocol does not know are sent on purpose
    const untyped = this.socket as any;
    return untyped.timeout(PATIENCE_MS).emitWithAck(event, ...args);
  }

  /** @throws Error with the code when the hub refuses */
  async expectOk<Answer>(event: string, request: unknown): Promise<Answer> {
    const answer = await this.ask<Answer>(event, request);
    if (!answer.ok) throw Object.assign(new Error(`${event}: ${answer.error.code}: ${answer.error.message}`), { wire: answer.error });
    return answer;
  }

  subscribe(room: string, more: { since?: string; last?: number; maxHz?: number } = {}): Promise<SubscribeAnswer> {
    return this.expectOk('subscribe', { room, ...more });
  }

  publish(room: string, data: unknown, more: { id?: string; type?: string } = {}): Promise<PublishAnswer> {
    return this.expectOk('publish', { room, id: crypto.randomUUID(), data, ...more });
  }

  history(room: string, more: { before?: string; after?: string; limit?: number } = {}): Promise<HistoryAnswer> {
    return this.expectOk('history', { room, ...more });
  }

  of(room: string): Message[] {
    return this.messages.filter((message) => message.room === room);
  }

  /** Waits until the message with this id was heard, and gives it. */
  async hears(id: string): Promise<Message> {
    return waitFor(() => this.messages.find((message) => message.id === id), { what: `the message ${id}` });
  }

  /** Waits for an event that fits, past or to come. */
  async event<Payload>(event: string, fits: (payload: Payload) => boolean = () => true, timeoutMs = PATIENCE_MS): Promise<Payload> {
    const found = await waitFor(() => this.heard.find((one) => one.event === event && fits(one.args[0] as Payload)), {
      timeoutMs,
      what: `the event ${event}`,
    });
    return found.args[0] as Payload;
  }
}

/** A client that connects by itself; nothing is awaited. It closes with the scope. */
export function openClient(scope: Scope, url: string, options: ClientOptions = {}): StockClient {
  const socket: StockSocket = io(url, {
    forceNew: true,
    transports: ['websocket'],
    reconnectionDelay: 50,
    reconnectionDelayMax: 200,
    ...options,
  });
  return scope.defer(new StockClient(socket), () => socket.disconnect());
}

/** A client that is connected and has its welcome. Rejects where it is refused, or is gone before and does not come back. */
export async function connectClient(scope: Scope, url: string, options: ClientOptions = {}): Promise<StockClient & { welcome: Welcome }> {
  const client = openClient(scope, url, options);
  const welcome = await new Promise<Welcome>((resolve, reject) => {
    client.socket.once('welcome', resolve);
    client.socket.once('connect_error', reject);
    if (options.reconnection === false)
      client.socket.once('disconnect', (reason) => reject(new Error(`gone before it was welcome: ${reason}`)));
  });
  return Object.assign(client, { welcome });
}

/** Tries to connect and gives the error that the hub answers with, its code under `code`. */
export async function refusedClient(scope: Scope, url: string, options: ClientOptions = {}): Promise<Error & { code?: string }> {
  const client = openClient(scope, url, { reconnection: false, ...options });
  const error = await new Promise<Error & { data?: { error?: { code?: string } } }>((resolve, reject) => {
    client.socket.once('connect', () => reject(new Error('the hub took the connection')));
    client.socket.once('connect_error', resolve);
  });
  return Object.assign(error, { code: error.data?.error?.code });
}

/** The numbers of a run of messages: gapless and in order where they are first, first + 1, ... */
export function seqs(messages: readonly Pick<Message, 'position'>[]): number[] {
  return messages.map((message) => Number(message.position.split(':')[1]));
}

/** `count` numbers from `first` on. */
export function countFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}
