import { createClient } from 'redis';
import { temporaryDir } from '../../test/support/files.js';
import { freePort, startRedis, type TestRedis } from '../../test/support/redis.js';
import type { Scope } from '../../test/support/scope.js';

/**
 * Each write is on disk before it is answered: `everysec` may hold the writing itself back for up to two seconds while the disk is slow
 * (redis.conf, `appendfsync`), so that a killed Redis could lose what it had acknowledged.
 */
const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always'];

/** A Redis that ends and comes back on the same port with the same files. */
export class RedisServer {
  #running: TestRedis | undefined;

  private constructor(
    private readonly scope: Scope,
    private readonly dir: string,
    readonly port: number,
  ) {}

  static async start(scope: Scope): Promise<RedisServer> {
    const server = new RedisServer(scope, await temporaryDir(scope), await freePort());
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Resolves when it answers, its files read. */
  async start(): Promise<void> {
    this.#running = this.scope.defer(await startRedis({ port: this.port, dir: this.dir, args: DURABLE }), (redis) => redis.stop());
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    await this.#running?.kill(signal);
  }

  /** Runs commands, past all faults of the links. @throws Error when Redis refuses one */
  async command(...commands: (readonly string[])[]): Promise<void> {
    const client = createClient({ url: this.url, socket: { reconnectStrategy: false } });
    client.on('error', () => undefined);
    await client.connect();
    for (const command of commands) await client.sendCommand([...command]);
    client.destroy();
  }
}
