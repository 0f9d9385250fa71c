import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { ClientClosedError, createClient, ErrorReply, type RedisClientOptions } from 'redis';
import type { RedisTarget } from '../adapter/topology.js';

type Locate = () => Promise<RedisTarget>;
type Client = ReturnType<typeof createClient>;
type Command = (...args: unknown[]) => Promise<unknown>;

const MAX_BACKOFF_MS = 1_000;
/** A master that moves again and again is given up for the command, not for the client. */
const REDIRECTIONS = 5;

/**
 * Looks like a node-redis client, and is connected to whatever server is the master now: after each lost connection, and when a
 * server says that it is not the master any more, it asks where to connect. A command waits while there is no connection.
 */
export function createFollowingClient(locate: Locate, options: RedisClientOptions): Client {
  const follower = new Follower(locate, options);
  const get = (_: object, name: string | symbol) => {
    if (name in follower) {
      const own = Reflect.get(follower, name);
      return typeof own === 'function' ? own.bind(follower) : own;
    }
    return name === 'then' || typeof name === 'symbol' ? undefined : (...args: unknown[]) => follower.run(name, args);
  };
  // Every command of the client is there by forwarding, which no type can say.
  return new Proxy({}, { get }) as unknown as Client;
}

class Follower extends EventEmitter {
  readonly options = {};
  isOpen = false;
  readonly #locate: Locate;
  readonly #options: RedisClientOptions;
  readonly #scripts = new Set<string>();
  #client: Client | undefined;

  constructor(locate: Locate, options: RedisClientOptions) {
    super();
    this.#locate = locate;
    this.#options = options;
  }

  get isReady(): boolean {
    return this.#client?.isReady ?? false;
  }

  async connect(): Promise<void> {
    if (this.isOpen) throw new Error('it is connected or being connected');
    this.isOpen = true;
    await this.#connect();
  }

  duplicate(): Client {
    return createFollowingClient(this.#locate, this.#options);
  }

  /** A transaction on the connection of now. @throws Error when there is none */
  multi() {
    if (!this.#client) throw new ClientClosedError();
    return this.#client.multi();
  }

  /** Scripts are loaded on each new master too: a transaction cannot fall back on its own. */
  scriptLoad(source: string): Promise<unknown> {
    this.#scripts.add(source);
    return this.run('scriptLoad', [source]);
  }

  async quit(): Promise<string> {
    this.destroy();
    return 'OK';
  }

  destroy(): void {
    this.isOpen = false;
    const client = this.#client;
    this.#client = undefined;
    client?.destroy();
    this.emit('gone');
    this.emit('end');
  }

  async run(name: string, args: unknown[]): Promise<unknown> {
    for (let redirections = 0; ; redirections++) {
      const client = this.#client ?? (await this.#connected());
      try {
        return await (client as unknown as Record<string, Command>)[name]!(...args);
      } catch (error) {
        if (!isFormerMaster(error)) throw error;
        this.#lost(client, error);
        if (redirections === REDIRECTIONS) throw error;
      }
    }
  }

  #connected(): Promise<Client> {
    if (!this.isOpen) return Promise.reject(new ClientClosedError());
    return new Promise((resolve, reject) => {
      const look = () => {
        this.off('ready', look).off('gone', look);
        if (this.#client) resolve(this.#client);
        else reject(new ClientClosedError());
      };
      this.on('ready', look).on('gone', look);
    });
  }

  async #connect(): Promise<void> {
    for (let failures = 0; this.isOpen; failures++) {
      try {
        this.#client = await this.#open();
        this.emit('ready');
        return;
      } catch (error) {
        this.emit('error', error);
        await delay(Math.min(50 * 2 ** Math.min(failures, 10), MAX_BACKOFF_MS), undefined, { ref: false });
      }
    }
  }

  async #open(): Promise<Client> {
    const target = await this.#locate();
    const socket = { ...this.#options.socket, ...('socket' in target && target.socket), reconnectStrategy: false as const };
    const client = createClient({ ...this.#options, ...target, socket } as RedisClientOptions) as Client;
    client.on('error', (error) => this.#lost(client, error));
    client.on('end', () => this.#lost(client, new ClientClosedError()));
    try {
      await client.connect();
      await Promise.all([...this.#scripts].map((source) => client.scriptLoad(source)));
      if (!this.isOpen || !client.isReady) throw new ClientClosedError();
      return client;
    } catch (error) {
      client.destroy();
      throw error;
    }
  }

  #lost(client: Client, error: unknown): void {
    if (client !== this.#client) return;
    this.#client = undefined;
    client.destroy();
    if (!this.isOpen) return;
    this.emit('error', error);
    this.emit('reconnecting');
    void this.#connect();
  }
}

function isFormerMaster(error: unknown): boolean {
  return error instanceof ErrorReply && ['MOVED', 'READONLY'].includes(error.message.split(' ', 1)[0]!);
}
