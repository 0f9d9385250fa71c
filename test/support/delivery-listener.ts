import { createHash } from 'node:crypto';
import type { Socket as ServerSocket } from 'socket.io';
import { io, type Socket } from 'socket.io-client';
import type { Scope } from './scope.js';
import type { ClientOptions } from './stock-client.js';
import { waitFor } from './wait.js';

/** What the hub says of its own accord. */
const ASIDE = new Set(['welcome', 'presence']);
const LAST_WORD = 'last word';

/**
 * How something heard reads in a record: `7` for an event with that argument, `7 "text"` with two, `/side 7` outside the main namespace.
 * Binary stands there as its length and digest.
 */
export function lineOf(args: readonly unknown[], namespace = '/'): string {
  const words = args.map((value) => JSON.stringify(value, shortenBinary));
  return [...(namespace === '/' ? [] : [namespace]), ...words].join(' ');
}

export const ackLineOf = (value: unknown): string => `ack ${lineOf([value])}`;

/** The holder has the Buffer still; the value that JSON.stringify hands over went through its `toJSON`. */
function shortenBinary(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const own = this[key];
  // Also of another realm, as Jest's sandbox is one.
  if (!ArrayBuffer.isView(own)) return value;
  return `<${own.byteLength} bytes ${createHash('md5')
    .update(own as Uint8Array)
    .digest('hex')}>`;
}

/** A stock client that keeps a line for all that it hears over its connection, in the order of arrival. */
export class Listener {
  readonly heard: string[] = [];
  /** The server's halves of its sockets, by namespace. */
  readonly halves = new Map<string, ServerSocket>();
  #lastWords = 0;
  #gone = false;

  constructor(
    readonly socket: Socket,
    readonly name: string,
  ) {
    this.#record(socket, '/');
    socket.on('disconnect', () => {
      this.#gone = true;
    });
  }

  /** The server's half of its main socket. */
  get here(): ServerSocket {
    return this.halves.get('/')!;
  }

  /** `polling` or `websocket`, as the client sees it. */
  get transport(): string {
    return this.socket.io.engine.transport.name;
  }

  get isClosed(): boolean {
    return this.socket.io.engine.readyState === 'closed';
  }

  /** The client's WebSocket. */
  get websocket(): { extensions: string; pause(): void; resume(): void; terminate(): void } {
    return (this.socket.io.engine.transport as unknown as { ws: never }).ws;
  }

  /** Enters another namespace over the same connection. */
  enter(namespace: string): Socket {
    const socket = this.socket.io.socket(namespace, { auth: {} });
    this.#record(socket, namespace);
    return socket;
  }

  /** Emits, and keeps the acknowledgement among what is heard. */
  async ask(event: string, ...args: unknown[]): Promise<void> {
    await new Promise<void>((resolve) => {
      this.socket.emit(event, ...args, (answer: unknown) => {
        this.heard.push(ackLineOf(answer));
        resolve();
      });
    });
  }

  /** Waits until all that was emitted to the socket before has come, or until nothing can come any more. */
  async settle(): Promise<void> {
    const next = this.#lastWords + 1;
    this.here.emit(LAST_WORD);
    await waitFor(() => this.#lastWords >= next || this.#gone, { what: `the last word to ${this.name}` });
  }

  /** Questions (an event with an acknowledgement) are answered with what they carry first. */
  #record(socket: Socket, namespace: string): void {
    socket.onAny((event: string, ...args: unknown[]) => {
      if (event === LAST_WORD) this.#lastWords++;
      else if (!ASIDE.has(event)) this.heard.push(lineOf(contentOf(args), namespace));
      const answer = args.at(-1);
      if (typeof answer === 'function') answer(args[0]);
    });
  }
}

/** A hub's message reads as what was published. */
function contentOf(args: readonly unknown[]): readonly unknown[] {
  const [first] = args;
  if (typeof first === 'object' && first !== null && 'position' in first) return [(first as unknown as { data: unknown }).data].flat();
  return args.filter((value) => typeof value !== 'function');
}

/** A client that connects by itself; nothing is awaited. It closes with the scope. */
export function openListener(scope: Scope, url: string, name: string, options: ClientOptions = {}): Listener {
  const socket = io(url, { forceNew: true, reconnection: false, transports: ['websocket'], query: { listener: name }, ...options });
  return scope.defer(new Listener(socket, name), () => socket.disconnect());
}
