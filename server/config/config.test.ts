import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { KINDS } from '../../shared/rooms.js';
import { ConfigError, configFrom, kindsFrom, readConfig } from '../config.js';
import { configHelp, withOptionTables } from './document.js';
import { CLIENT_OPTIONS, OPTIONS } from './options.js';
import { envNameOf, flagOf } from './read.js';

const SECRET = 'x'.repeat(32);
const message = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
};

test('with nothing said the hub is bound to loopback, embedded, and open to guests', () => {
  const config = readConfig({});
  expect(config).toMatchObject({ port: 3_000, host: '127.0.0.1', dataDir: './data', store: 'lmdb', guests: true, limits: true });
  expect(config.guestGrants).toEqual(['ingest:metrics:*', 'ingest:logs:*']);
  expect(config.jobConcurrency).toBe(config.jobThreads);
  expect(kindsFrom(config)).toEqual(KINDS);
});

test('a flag wins over a variable, that over the default, and an empty variable is none', () => {
  const env = { PORT: '4000', ROOMCAST_DATA_DIR: '/srv/a', ROOMCAST_PING_INTERVAL_MS: '', HOME: '/root' };
  const config = readConfig(env, ['--data-dir', '/srv/b', '--compression', '--limits=off', '--transports', 'websocket']);
  expect(config).toMatchObject({ port: 4_000, dataDir: '/srv/b', pingIntervalMs: 25_000, compression: true, limits: false });
  expect(config.transports).toEqual(['websocket']);
  expect(readConfig({ ROOMCAST_TRANSPORTS: ' polling , websocket' }).transports).toEqual(['polling', 'websocket']);
});

test('limits off turns off rates, and sizes stay', () => {
  const config = readConfig({ ROOMCAST_LIMITS: 'off', ROOMCAST_EVENTS_PER_SECOND: '5' });
  expect(config).toMatchObject({ eventsPerSecond: 0, publishesPerSecond: 0, connectionsPerAddress: 0, authFailuresPerMinute: 0 });
  expect(config).toMatchObject({ payloadBytes: 262_144, payloadDepth: 32, roomsPerConnection: 200 });
});

test('the history, access and policy for slow readers of each kind can be set', () => {
  const env = { ROOMCAST_CHAT_HISTORY_MESSAGES: '500', ROOMCAST_LOGS_HISTORY_TTL_MS: '1000', ROOMCAST_SLOW_MESSAGES: '20' };
  const kinds = kindsFrom(readConfig(env, ['--chat-write', 'ticket', '--logs-slow', 'sample', '--metrics-slow', 'disconnect']));
  expect(kinds.chat).toMatchObject({ historyMessages: 500, historyTtlMs: 0, write: 'ticket', slow: 'catch-up' });
  expect(kinds.logs).toMatchObject({ historyTtlMs: 1_000, read: 'anyone', slow: 'sample', slowMessages: 20 });
  expect(kinds.metrics).toMatchObject({ slow: 'disconnect' });
});

test.each<[Record<string, string>, string[], RegExp]>([
  [{ PORT: '70000' }, [], /^PORT is "70000": it takes a whole number from 0 to 65535$/],
  [{ ROOMCAST_PING_INTERVAL_MS: '5s' }, [], /^ROOMCAST_PING_INTERVAL_MS is "5s"/],
  [{}, ['--port', '1.5'], /^--port is "1.5"/],
  [{}, ['--port'], /^--port needs a value: it takes a whole number/],
  [{}, ['--store', 'sqlite'], /^--store is "sqlite": it takes auto, lmdb, memory or redis$/],
  [{ ROOMCAST_METRICS_SLOW: 'sample' }, [], /^ROOMCAST_METRICS_SLOW is "sample": it takes latest-per-key or disconnect$/],
  [{ ROOMCAST_LIMITS: 'nope' }, [], /it takes on or off$/],
  [{ ROOMCAST_ORIGINS: 'example.com' }, [], /^ROOMCAST_ORIGINS is "example.com": it takes origins such as/],
  [{ ROOMCAST_ORIGINS: 'https://a.example/path' }, [], /^ROOMCAST_ORIGINS/],
  [{ ROOMCAST_GUEST_GRANTS: 'chat:*' }, [], /^ROOMCAST_GUEST_GRANTS/],
  [{ REDIS_URL: 'localhost:6379' }, [], /^REDIS_URL is not usable: it takes redis:/],
  [{ ROOMCAST_TOKEN_SECRET: 'short' }, [], /^ROOMCAST_TOKEN_SECRET is not usable: it takes a text of at least 32 bytes/],
  [{ ROOMCAST_REDIS_PREFIX: 'a{b}' }, [], /^ROOMCAST_REDIS_PREFIX/],
  [{ ROOMCAST_HSOT: '::' }, [], /^unknown variable ROOMCAST_HSOT; did you mean ROOMCAST_HOST\?/],
  [{ ROOMCAST_QUANTUM_ENTANGLEMENT: 'on' }, [], /^unknown variable ROOMCAST_QUANTUM_ENTANGLEMENT \(roomcast --help/],
  [{}, ['--prot', '4'], /^unknown flag --prot; did you mean --port\?/],
  [{}, ['-p', '4'], /^unknown flag -p/],
  [{}, ['serv'], /^what is "serv"\?/],
  [{ ROOMCAST_TLS_CERT: 'a.pem' }, [], /go together/],
  [{ ROOMCAST_STORE: 'redis' }, [], /set REDIS_URL/],
  [{ ROOMCAST_GUESTS: 'off' }, [], /nobody could connect/],
])('%j %j stops the start with one line that says what is wrong', (env, argv, expected) => {
  const line = message(() => readConfig(env, argv));
  expect(line).toMatch(expected);
  expect(line).not.toContain('\n');
});

test('bound to what others can reach, the hub asks for a way to check tokens, guests or not', () => {
  for (const host of ['0.0.0.0', '::', '192.168.1.2', 'hub.example', '127.0.0.1.example']) {
    expect(message(() => readConfig({ ROOMCAST_HOST: host, ROOMCAST_GUESTS: 'on' }))).toMatch(/^host is .*ROOMCAST_TOKEN_SECRET/);
    expect(readConfig({ ROOMCAST_HOST: host, ROOMCAST_TOKEN_SECRET: SECRET })).toMatchObject({ guests: false, guestGrants: [] });
  }
  expect(readConfig({ ROOMCAST_HOST: '::', ROOMCAST_JWKS: 'keys.json', ROOMCAST_GUESTS: 'on' })).toMatchObject({ guests: true });
  expect(readConfig({ ROOMCAST_HOST: '[::1]' }).host).toBe('::1');
  for (const host of ['localhost', '::1', '[::1]', '127.3.2.1']) expect(readConfig({ ROOMCAST_HOST: host }).guests).toBe(true);
  expect(readConfig({ ROOMCAST_TOKEN_SECRET: SECRET }).guests).toBe(false);
});

test('the store is Redis with REDIS_URL, unless it was named', () => {
  expect(readConfig({ REDIS_URL: 'redis://127.0.0.1:6379' }).store).toBe('redis');
  expect(readConfig({ REDIS_URL: 'rediss://u:p@r.example:6380/2', ROOMCAST_STORE: 'memory' }).store).toBe('memory');
});

test('variables that Kubernetes makes for a Service called roomcast are no options', () => {
  const env = {
    ROOMCAST_SERVICE_HOST: '10.0.0.1',
    ROOMCAST_SERVICE_PORT: '3000',
    ROOMCAST_SERVICE_PORT_HTTP: '3000',
    ROOMCAST_PORT: 'tcp://10.0.0.1:3000',
    ROOMCAST_PORT_3000_TCP: 'tcp://10.0.0.1:3000',
    ROOMCAST_PORT_3000_TCP_ADDR: '10.0.0.1',
  };
  expect(readConfig(env).port).toBe(3_000);
  expect(message(() => readConfig({ ROOMCAST_PORT: '4000' }))).toMatch(/unknown variable ROOMCAST_PORT; did you mean PORT\?/);
});

test('the variables of the commands that talk to a hub may stand beside a hub of its own', () => {
  expect(readConfig({ ROOMCAST_URL: 'http://hub.example', ROOMCAST_TOKEN: 'abc' }).port).toBe(3_000);
});

test('a program gives typed values, which meet the same checks', () => {
  expect(configFrom({ port: 0, store: 'memory', origins: ['https://a.example'], compression: true, redisUrl: undefined })).toMatchObject({
    port: 0,
    store: 'memory',
    origins: ['https://a.example'],
    compression: true,
  });
  expect(message(() => configFrom({ port: -1 }))).toBe('port takes a whole number from 0 to 65535');
  expect(message(() => configFrom({ compression: 'on' as never }))).toBe('compression takes on or off');
  expect(message(() => configFrom({ origins: 'https://a.example' as never }))).toMatch(/^origins takes/);
  expect(message(() => configFrom({ pingIntervall: 5 } as never))).toMatch(/^unknown option pingIntervall; did you mean pingIntervalMs\?/);
  expect(message(() => configFrom({ host: '0.0.0.0' }))).toMatch(/^host is 0.0.0.0/);
  // @ts-expect-error a value of another type does not compile
  expect(message(() => configFrom({ port: '3000' }))).toMatch(/^port takes/);
});

test('every default is a value that its option accepts, and names are spelled alike and told apart', () => {
  const all = Object.entries({ ...OPTIONS, ...CLIENT_OPTIONS });
  for (const [key, option] of all) expect({ key, valid: option.valid(option.default) }).toEqual({ key, valid: true });
  expect(envNameOf('historyTtlMs', {})).toBe('ROOMCAST_HISTORY_TTL_MS');
  expect(flagOf('historyTtlMs')).toBe('--history-ttl-ms');
  expect(new Set(all.map(([key, option]) => envNameOf(key, option))).size).toBe(all.length);
});

test('--help and docs/configuration.md name every option', () => {
  const help = configHelp();
  for (const [key, option] of Object.entries(OPTIONS)) expect(help).toContain(`${flagOf(key)}  ${envNameOf(key, option)}  [`);
  const document = readFileSync('docs/configuration.md', 'utf8');
  // `npm run docs` writes the tables.
  expect(document === withOptionTables(document)).toBe(true);
});

test('several instances need a store that they share, and are for roomcast serve only', () => {
  expect(message(() => readConfig({ ROOMCAST_INSTANCES: '2' }))).toMatch(/^instances is 2, and the lmdb store .*: set REDIS_URL/);
  expect(readConfig({ ROOMCAST_INSTANCES: '2', REDIS_URL: 'redis://127.0.0.1' }).instances).toBe(2);
  expect(readConfig({ ROOMCAST_INSTANCES: 'auto' }).instances).toBe('auto');
  expect(message(() => configFrom({ instances: 2, redisUrl: 'redis://127.0.0.1' }))).toMatch(/^instances is an option of roomcast serve/);
});
