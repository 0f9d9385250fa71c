import { readFileSync } from 'node:fs';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { memoryLimiter, waitOf } from './memory-shared-limits.js';
import type { SharedLimits, SharedRates } from './shared-limits.js';

const CONNECTIONS_SCRIPT = readFileSync(new URL('./redis-connections.lua', import.meta.url), 'utf8');

/** The part of node-redis' client that this engine uses. */
interface ScriptClient {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** What this engine asks of a connection to Redis. */
export interface LimitsConnection {
  ready(): boolean;
  /** Runs commands on the client of now; rejects when no answer comes in time. */
  run<Result>(work: (client: ScriptClient) => Promise<Result>): Promise<Result>;
}

export interface RedisSharedLimitsOptions {
  readonly connection: LimitsConnection;
  /** In front of each key. */
  readonly prefix: string;
  /** This instance, unlike every other. */
  readonly instance: string;
  readonly rates: SharedRates;
  readonly leaseMs?: number;
}

/** Counts in Redis: a window per user or address, and a hash per address with many connections. In memory while Redis is away. */
export function createRedisSharedLimits({ connection, prefix, instance, rates, leaseMs = 15_000 }: RedisSharedLimitsOptions): SharedLimits {
  // The library asks for a node-redis client, and of it for these two.
  const client = {
    get isReady() {
      return connection.ready();
    },
    eval: (script: string, options: { keys: string[]; arguments: string[] }) => connection.run((own) => own.eval(script, options)),
  };
  const limiter = (name: keyof SharedRates) =>
    new RateLimiterRedis({
      storeClient: client,
      useRedisPackage: true,
      rejectIfRedisNotReady: true,
      insuranceLimiter: memoryLimiter(name, rates),
      keyPrefix: `${prefix}:limit:${name}`,
      points: rates[name].points,
      duration: rates[name].seconds,
    });
  const limiters = { publishes: limiter('publishes'), authFailures: limiter('authFailures') };
  return {
    leaseMs,
    spend: (rate, key, points) => waitOf(limiters[rate].consume(key, points)),
    connections: async (address, here) => {
      if (!client.isReady) return 0;
      const keys = [`${prefix}:limit:connections:${address}`];
      const elsewhere = await client
        .eval(CONNECTIONS_SCRIPT, { keys, arguments: [instance, String(here), String(leaseMs)] })
        .catch(() => 0);
      return Number(elsewhere);
    },
  };
}
