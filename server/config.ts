import { KINDS, type Kinds } from '../shared/rooms.js';
import { isLoopback } from './auth/loopback.js';
import type { ValuesOf } from './config/option.js';
import { CLIENT_OPTIONS, type KindName, OPTIONS } from './config/options.js';
import { ConfigError, checkOptions, type Environment, readOptions } from './config/read.js';

export { ConfigError, type Environment } from './config/read.js';

/** The options as they are given: in a program's words. */
export type Options = ValuesOf<typeof OPTIONS>;

/** The options as the hub uses them: nothing of it is left to `auto`. How many instances of it there are, is not the hub's business. */
export type Config = Readonly<Omit<Options, 'store' | 'guests' | 'logFormat' | 'jobConcurrency'>> & {
  readonly store: Exclude<Options['store'], 'auto'>;
  readonly guests: boolean;
  readonly logFormat: Exclude<Options['logFormat'], 'auto'>;
  readonly jobConcurrency: number;
};

/**
 * The configuration of this process, or of whatever environment is given.
 * @throws ConfigError with one line that names the option and what it accepts
 */
export function readConfig(env: Environment = process.env, argv: readonly string[] = []): Config {
  const { values, positionals } = readOptions(OPTIONS, { env, argv, alsoKnown: CLIENT_OPTIONS });
  if (positionals[0] !== undefined) throw new ConfigError(`what is "${positionals[0]}"? (roomcast --help lists commands and flags)`);
  return resolve(values);
}

/** The configuration of a hub inside somebody's program, which reads no environment; the same checks. */
export function configFrom(given: Partial<Options> = {}): Config {
  const options = checkOptions(OPTIONS, given);
  if (options.instances !== 1) throw new ConfigError('instances is an option of roomcast serve: a program starts its own processes');
  return resolve(options);
}

/** Options that go together, and what `auto` stands for. */
function resolve(options: Options): Config {
  refuseContradictions(options);
  const tokens = options.tokenSecret !== undefined || options.jwks !== undefined;
  return {
    ...options,
    host: options.host.replace(/^\[|\]$/g, ''),
    store: storeOf(options),
    guests: options.guests === 'auto' ? !tokens && isLoopback(options.host) : options.guests === 'on',
    guestGrants: options.guestGrants.length === 0 && !tokens ? ['ingest:metrics:*', 'ingest:logs:*'] : options.guestGrants,
    ...(options.limits ? {} : { eventsPerSecond: 0, publishesPerSecond: 0, connectionsPerAddress: 0, authFailuresPerMinute: 0 }),
    logFormat: options.logFormat === 'auto' ? (process.stdout.isTTY ? 'pretty' : 'json') : options.logFormat,
    jobConcurrency: options.jobConcurrency || options.jobThreads,
  };
}

function storeOf({ store, redisUrl }: Options): Config['store'] {
  return store === 'auto' ? (redisUrl ? 'redis' : 'lmdb') : store;
}

function refuseContradictions(options: Options): void {
  const tokens = options.tokenSecret !== undefined || options.jwks !== undefined;
  if (!isLoopback(options.host) && !tokens) {
    throw new ConfigError(
      `host is ${options.host}, which others can reach: set ROOMCAST_TOKEN_SECRET (openssl rand -hex 32) or ROOMCAST_JWKS, or bind to 127.0.0.1`,
    );
  }
  if ((options.tlsCert === undefined) !== (options.tlsKey === undefined)) {
    throw new ConfigError('ROOMCAST_TLS_CERT and ROOMCAST_TLS_KEY go together: one of them is missing');
  }
  if (Number(options.instances) > 1 && storeOf(options) !== 'redis') {
    throw new ConfigError(
      `instances is ${options.instances}, and the ${storeOf(options)} store belongs to one process: set REDIS_URL, or instances to 1 or auto`,
    );
  }
  if (options.store === 'redis' && !options.redisUrl) throw new ConfigError('store is redis: set REDIS_URL');
  if (!tokens && options.guests === 'off') {
    throw new ConfigError('guests is off and no token can be checked, so nobody could connect: set ROOMCAST_TOKEN_SECRET or ROOMCAST_JWKS');
  }
}

/** The default kinds with the history, access, frames and policy for slow readers that the options give them. */
export function kindsFrom(config: Options | Config): Kinds {
  const own = (kind: KindName) => ({
    ...KINDS[kind],
    historyMessages: config[`${kind}HistoryMessages`],
    historyTtlMs: config[`${kind}HistoryTtlMs`],
    slow: config[`${kind}Slow`],
    slowMessages: config.slowMessages,
  });
  return {
    chat: { ...own('chat'), read: config.chatRead, write: config.chatWrite },
    metrics: { ...own('metrics'), read: config.metricsRead, write: config.metricsWrite, frameIntervalMs: config.frameIntervalMs },
    logs: { ...own('logs'), read: config.logsRead, write: config.logsWrite },
    job: own('job'),
    user: own('user'),
  };
}
