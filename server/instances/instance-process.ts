import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import type { FromInstance, ToInstance } from './messages.js';

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

type Upgrade = Extract<FromInstance, { type: 'upgrade' }>;

/** Sockets on their way to one process, past which others are asked first: it is too busy to take them. */
const ON_THE_WAY = 16;

/** An instance as the primary sees it. */
export class InstanceProcess {
  /** Resolves when it takes connections; rejects with its Exit when it ended before. */
  readonly ready: Promise<void>;
  readonly ended: Promise<Exit>;
  readonly startedAt = performance.now();
  /** Its end is wanted: nobody takes its place because of it. */
  expected = false;
  #takes = false;
  #sent = 0;
  #taken = 0;
  #closed = 0;

  constructor(
    readonly number: number,
    readonly id: number,
    private readonly child: ChildProcess,
    private readonly onUpgrade: (upgrade: Upgrade, socket: Socket) => void,
  ) {
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
      // Any other error is told to whoever sent something.
      child.on('error', () => child.pid === undefined && resolve({ code: null, signal: null }));
    });
    this.ready = new Promise((resolve, reject) => {
      child.on('message', (message: FromInstance, socket) => this.#hear(message, socket as Socket | undefined, resolve));
      this.ended.then((exit) => {
        this.#takes = false;
        reject(exit);
      });
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
    return this.#sent - this.#closed;
  }

  get busy(): boolean {
    return this.#sent - this.#taken >= ON_THE_WAY;
  }

  give(message: Exclude<ToInstance, { type: 'stop' }>, socket: Socket): void {
    this.#sent++;
    this.child.send(message, socket, {}, (error) => error && socket.destroy());
  }

  /** Asks it to end, and insists after `graceMs`. `successor`: the instance that answers for it meanwhile. */
  async stop(graceMs: number, successor?: number): Promise<Exit> {
    this.expected = true;
    this.#takes = false;
    const message: ToInstance = { type: 'stop', ...(successor !== undefined && { successor }) };
    if (this.child.connected) this.child.send(message, () => {});
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
        this.#taken = message.taken;
        this.#closed = message.closed;
        return;
      case 'upgrade':
        if (socket) this.onUpgrade(message, socket);
    }
  }
}
