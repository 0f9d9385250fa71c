import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'redis';
import { HubError } from '../../shared/errors.js';
import { outcomeUnknown, reasonOf, replyCode, UNREACHED } from './command-errors.js';
import { SLICES, startPatience } from './patience.js';
import type { RedisTarget } from './topology.js';

export type RedisClient = ReturnType<typeof newClient>;

/** The part of a pino logger that the link uses. */
export interface LinkLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

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
const MAX_IN_FLIGHT = 50_000;
/** A command behind many others waits no longer than this, however steadily they are answered. */
const LONGEST_WAIT_MS = 10_000;

export function openRedisConnection(options: ConnectionOptions): RedisConnection {
  const { name, commandTimeoutMs, log, random } = options;
  const sliceMs = commandTimeoutMs / SLICES;
  let client = newClient({});
  let target: RedisTarget | undefined;
  let state: 'connecting' | 'ready' | 'closed' = 'connecting';
  let inFlight = 0;
  let answeredAt = 0;
  let lose: (reason: string) => void = () => {};
  const closing = new AbortController();
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
      // The first try comes almost at once; the jitter keeps many instances from arriving together.
      const backoffMs = Math.min(MAX_BACKOFF_MS, 50 * 2 ** Math.min(failures, 10)) * (0.5 + random() / 2);
      await delay(backoffMs, undefined, { signal: closing.signal }).catch(() => {});
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
    // Connecting, the handshake and the preparation hang on a stopped Redis, each of them; a process that is busy only takes long for them.
    const patience = startPatience(commandTimeoutMs + 500, () => attempt.destroy());
    try {
      await attempt.connect();
      patience.renew();
      await refuseReplica(attempt);
      patience.renew();
      await options.prepare(attempt, patience.renew);
    } finally {
      patience.end();
    }
    if (isClosed() || !attempt.isReady) throw new HubError('unavailable', 'lost while connecting');
    state = 'ready';
  }

  function run<Result>(work: (client: RedisClient) => Promise<Result>): Promise<Result> {
    if (state !== 'ready' || !client.isReady) return refuse(UNREACHED);
    if (inFlight >= MAX_IN_FLIGHT) return refuse('Too many commands wait for Redis; nothing was stored.');
    const asked = client;
    const askedAt = performance.now();
    inFlight++;
    return new Promise<Result>((resolve, reject) => {
      let slices = 0;
      let lookedAt = askedAt;
      let timer = setTimeout(look, sliceMs);
      function look(): void {
        // Answers come in order: while others come, this one is on its way behind them.
        slices = answeredAt > lookedAt ? 0 : slices + 1;
        lookedAt = performance.now();
        if (slices < SLICES && lookedAt - askedAt < LONGEST_WAIT_MS) {
          timer = setTimeout(look, sliceMs);
          return;
        }
        reject(outcomeUnknown(`Redis did not answer within ${commandTimeoutMs} ms`));
        if (asked === client) rebuild(`no answer within ${commandTimeoutMs} ms`);
      }
      const settle = () => {
        answeredAt = performance.now();
        clearTimeout(timer);
        inFlight--;
      };
      work(asked).then(
        (result) => {
          settle();
          resolve(result);
        },
        (error: unknown) => {
          settle();
          reject(error);
          if (replyCode(error) === 'READONLY' && asked === client) rebuild('the server is a replica now');
        },
      );
    });
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

/** A client that lives for one connection: node-redis' own reconnection cannot be told of a link that is silent. */
function newClient(target: Partial<RedisTarget>) {
  const socket = 'socket' in target ? target.socket : {};
  const client = createClient({
    ...target,
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    // Its per-command timer covers only the wait before writing, at the cost of an AbortSignal for each command.
    commandOptions: { timeout: undefined },
    socket: { ...socket, reconnectStrategy: false, connectTimeout: 1_000, noDelay: true, keepAlive: true, keepAliveInitialDelay: 5_000 },
  });
  client.on('error', () => {});
  return client;
}

function refuse(message: string): Promise<never> {
  return Promise.reject(new HubError('unavailable', message));
}

/** @throws Error when the server copies another one: it takes no writes. Where ROLE is not allowed, the first write tells. */
async function refuseReplica(client: RedisClient): Promise<void> {
  const role = await client.sendCommand(['ROLE']).catch((error: unknown) => {
    if (replyCode(error) === undefined) throw error;
  });
  if (Array.isArray(role) && String(role[0]) !== 'master') throw new Error('the server is a replica');
}
