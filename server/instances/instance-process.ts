import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { HandOut, type Parcel } from './hand-out.js';
import type { Delivery, FromInstance, ToInstance } from './messages.js';

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Connections that come back to the primary. */
export interface Returns {
  /** An instance read a request on it that belongs to the instance `to`. */
  onRequest(socket: Socket, request: { readonly to: number; readonly head: string }): void;
  /** It was meant for an instance that leaves or has died, which never saw it. */
  onLeft(socket: Socket, delivery: Delivery): void;
}

/** Connections in line for one process, past which others are asked first: it is too busy to take them. */
const IN_LINE = 16;

/** An instance as the primary sees it. */
export class InstanceProcess {
  /** Resolves when it takes connections; rejects with its Exit when it ended before. */
  readonly ready: Promise<void>;
  readonly ended: Promise<Exit>;
  readonly startedAt = performance.now();
  /** Its end is wanted: nobody takes its place because of it. */
  expected = false;
  #takes = false;
  #closed = 0;
  readonly #out = new HandOut((message, socket, sent) => void this.child.send(message, socket, { keepOpen: true }, sent));

  constructor(
    readonly number: number,
    readonly id: number,
    private readonly child: ChildProcess,
    private readonly returns: Returns,
  ) {
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#takes = false;
        this.#sendBack(this.#out.end());
        resolve({ code, signal });
      });
      // Any other error is told to whoever sent something.
      child.on('error', () => child.pid === undefined && resolve({ code: null, signal: null }));
    });
    this.ready = new Promise((resolve, reject) => {
      child.on('message', (message: FromInstance, socket) => this.#hear(message, socket as Socket | undefined, resolve));
      this.ended.then(reject);
    });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Whether it is given connections. */
  get takes(): boolean {
    return this.#takes && this.child.connected;
  }

  /** Connections that it holds, those on their way included. */
  get load(): number {
    return this.#out.given - this.#closed;
  }

  get busy(): boolean {
    return this.#out.waiting >= IN_LINE;
  }

  give(socket: Socket, delivery: Delivery): void {
    this.#out.give(socket, delivery);
  }

  /** Asks it to end, and insists after `graceMs`. `successor`: the instance that answers for it meanwhile. */
  async stop(graceMs: number, successor?: number): Promise<Exit> {
    this.expected = true;
    this.#takes = false;
    const message: ToInstance = { type: 'stop', ...(successor !== undefined && { successor }) };
    if (this.child.connected) this.child.send(message, () => {});
    this.#sendBack(this.#out.takeBack());
    const insist = setTimeout(() => this.child.kill('SIGKILL'), graceMs);
    const exit = await this.ended;
    clearTimeout(insist);
    return exit;
  }

  #hear(message: FromInstance, socket: Socket | undefined, ready: () => void): void {
    switch (message.type) {
      case 'ready':
        this.#takes = !this.expected;
        ready();
        return;
      case 'leaving':
        this.#takes = false;
        return;
      case 'load':
        this.#out.taken(message.taken);
        this.#closed = message.closed;
        return;
      case 'request':
        if (socket) this.returns.onRequest(socket, message);
    }
  }

  #sendBack(parcels: readonly Parcel[]): void {
    for (const { socket, delivery } of parcels) this.returns.onLeft(socket, delivery);
  }
}
