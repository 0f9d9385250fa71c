import { setTimeout as delay } from 'node:timers/promises';
import { HubError } from '../../shared/errors.js';
import { reasonOf, UNREACHED } from './command-errors.js';
import type { LinkLog } from './link-log.js';
import { connectToMaster, newClient, type RedisClient } from './redis-client.js';
import { createRunCommand } from './redis-commands.js';
import type { RedisTarget } from './topology.js';

interface ConnectionOptions {
  /** Says in log lines which connection it is. */
  readonly name: string;
  /** Where to connect, asked before each attempt: after a failover it is another server. */
  locate(): Promise<RedisTarget>;
  readonly commandTimeoutMs: number;
  readonly log: LinkLog;
  readonly random: () => number;
  /** Runs on each new connection to a master before it counts as ready; a rejection drops the connection, `progress` gives it more time. */
  prepare(client: RedisClient, progress: () => void): Promise<void>;
  onReady(): void;
  onLost(reason: string): void;
  /** An attempt to connect failed. */
  onFailed?(): void;
  /** Redis ended the subscription of a sharded channel: its slot went to another server. Left out, the connection is made anew. */
  onMoved?(channel: string): void;
}

/** One connection to Redis, made anew for as long as it takes whenever it is lost, silent or said to be at fault. */
export interface RedisConnection {
  /** The client of now; a later connection has another one. */
  readonly client: RedisClient;
  ready(): boolean;
  /**
   * Runs one command, or several at once.
   * @throws HubError `unavailable` at once while there is no connection: nothing was sent; `timeout` after `commandTimeoutMs` in which no
   *   command got an answer (the connection is then made anew, because answers come in order: all later ones would wait as well); else
   *   what the client throws
   */
  run<Result>(work: (client: RedisClient) => Promise<Result>): Promise<Result>;
  rebuild(reason: string): void;
  /** Where the connection of now leads. */
  readonly target: RedisTarget | undefined;
  close(): Promise<void>;
}

const MAX_BACKOFF_MS = 1_000;
/** One line at once, then one each half minute or so. */
const FAILURES_PER_LINE = 30;

export function openRedisConnection(options: ConnectionOptions): RedisConnection {
  const { name, commandTimeoutMs, log, random } = options;
  let client = newClient({});
  let target: RedisTarget | undefined;
  let state: 'connecting' | 'ready' | 'closed' = 'connecting';
  let lose: (reason: string) => void = () => {};
  const closing = new AbortController();
  const runOn = createRunCommand({
    commandTimeoutMs,
    onFault(asked, reason) {
      if (asked === client) rebuild(reason);
    },
  });
  const loop = keepConnected();

  async function keepConnected(): Promise<void> {
    for (let failures = 0; state !== 'closed'; failures++) {
      const lost = new Promise<string>((resolve) => {
        lose = resolve;
      });
      try {
        await connect();
        failures = 0;
        options.onReady();
        const reason = await lost;
        if (!isClosed()) {
          state = 'connecting';
          log.warn({ reason }, `Redis: the ${name} connection is lost; connecting again`);
          options.onLost(reason);
        }
      } catch (error) {
        options.onFailed?.();
        if (!isClosed() && failures % FAILURES_PER_LINE === 0)
          log.warn({ reason: reasonOf(error) }, `Redis: no ${name} connection; trying again until there is`);
      }
      client.destroy();
      await delay(backoffMs(failures, random), undefined, { signal: closing.signal }).catch(() => {});
    }
  }

  async function connect(): Promise<void> {
    const located = await options.locate();
    if (isClosed()) throw new HubError('unavailable', 'closing');
    target = located;
    client = newClient(located);
    const attempt = client;
    const drop = (reason: string) => attempt === client && lose(reason);
    attempt.on('error', (error: unknown) => drop(reasonOf(error)));
    attempt.on('end', () => drop('closed'));
    attempt.on('sharded-channel-moved', (channel: string) => {
      if (options.onMoved) options.onMoved(channel);
      else drop('Redis ended a subscription');
    });
    await connectToMaster(attempt, { patienceMs: commandTimeoutMs + 500, prepare: options.prepare });
    if (isClosed() || !attempt.isReady) throw new HubError('unavailable', 'lost while connecting');
    state = 'ready';
  }

  function run<Result>(work: (client: RedisClient) => Promise<Result>): Promise<Result> {
    if (state !== 'ready' || !client.isReady) return Promise.reject(new HubError('unavailable', UNREACHED));
    return runOn(client, work);
  }

  function rebuild(reason: string): void {
    if (state === 'ready') lose(reason);
  }

  function isClosed(): boolean {
    return state === 'closed';
  }

  return {
    get client() {
      return client;
    },
    ready: () => state === 'ready' && client.isReady,
    run,
    rebuild,
    get target() {
      return target;
    },
    async close() {
      state = 'closed';
      closing.abort();
      lose('closing');
      client.destroy();
      await loop;
    },
  };
}

/** Milliseconds. The first try comes almost at once; the jitter keeps many instances from arriving together. */
function backoffMs(failures: number, random: () => number): number {
  return Math.min(MAX_BACKOFF_MS, 50 * 2 ** Math.min(failures, 10)) * (0.5 + random() / 2);
}
