import { access, constants } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createClient } from 'redis';
import { readRedisFacts } from '../adapter/durability.js';
import { mastersAnswer } from '../adapter/masters-answer.js';
import { describeTopology, parseTopology } from '../adapter/topology.js';
import { readKeySet } from '../auth/key-set.js';
import { type Config, readConfig } from '../config.js';
import { claimDataDir } from '../log/data-dir.js';
import { readPair } from '../tls.js';
import { type Command, EXIT } from './command.js';

/** Gives what was found, in a few words; throws what is wrong. */
type Check = () => Promise<string>;

/** `roomcast check`: tries everything that the configuration names, without running a hub; the exit code says whether all is well. */
export const command: Command = {
  usage: '[flags]',
  options: {},
  run: async (argv, terminal) => {
    const config = readConfig(terminal.env, argv);
    let failed = 0;
    for (const [what, check] of checksFor(config)) {
      try {
        terminal.print(`ok    ${what}: ${await check()}`);
      } catch (error) {
        failed++;
        terminal.print(`bad   ${what}: ${oneLine(error)}`);
      }
    }
    terminal.print(failed === 0 ? 'The configuration works.' : `${failed} of these would keep the hub from working.`);
    return failed === 0 ? EXIT.ok : EXIT.failed;
  },
};

function checksFor(config: Config): [string, Check][] {
  const { redisUrl, tlsCert, tlsKey, jwks, jobHandlers } = config;
  const checks: [string, Check][] = [[`address ${config.host}:${config.port}`, () => canListen(config)]];
  if (config.store === 'lmdb') checks.push([`data directory ${config.dataDir}`, () => canClaim(config.dataDir)]);
  if (config.store === 'redis' && redisUrl)
    checks.push([`Redis ${nameOf(redisUrl)}`, () => answers(redisUrl, config.redisCommandTimeoutMs)]);
  if (tlsCert && tlsKey) checks.push(['certificate', () => fits(tlsCert, tlsKey)]);
  if (jwks) checks.push([`keys ${jwks}`, async () => `${(await readKeySet(jwks, 3_000)).keys.length} found`]);
  if (jobHandlers) checks.push([`job handlers ${jobHandlers}`, () => canRead(jobHandlers)]);
  return checks;
}

function canListen({ host, port }: Config): Promise<string> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new Error('it is in use (by a hub that runs already?)') : error);
    });
    server.listen(port, host, () => server.close(() => resolve('free')));
  });
}

async function canClaim(directory: string): Promise<string> {
  claimDataDir(directory)();
  return 'writable, and no hub uses it';
}

async function canRead(file: string): Promise<string> {
  await access(file, constants.R_OK);
  return 'readable';
}

async function fits(tlsCert: string, tlsKey: string): Promise<string> {
  readPair(tlsCert, tlsKey);
  return 'it and its key fit';
}

/** The version that sharded pub/sub came with. */
const REDIS_MAJOR = 7;

/** The configuration takes nothing but the forms of `parseTopology`. */
function nameOf(url: string): string {
  const topology = parseTopology(url)!;
  return topology.form === 'single' ? new URL(url).host : describeTopology(topology);
}

function answers(url: string, timeoutMs: number): Promise<string> {
  return parseTopology(url)!.form === 'single' ? serverAnswers(url, timeoutMs) : mastersAnswer(url, timeoutMs);
}

async function serverAnswers(url: string, timeoutMs: number): Promise<string> {
  const client = createClient({
    url,
    socket: { connectTimeout: timeoutMs, reconnectStrategy: false },
    commandOptions: { timeout: timeoutMs },
  });
  client.on('error', () => {}); // Each call below rejects with it.
  try {
    await client.connect();
    const { version, durability } = await readRedisFacts(client as Parameters<typeof readRedisFacts>[0]);
    if (Number.parseInt(version, 10) < REDIS_MAJOR) throw new Error(`it is version ${version}; ${REDIS_MAJOR}.0 or newer is needed`);
    return `version ${version}. ${durability}`;
  } finally {
    client.destroy();
  }
}

function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message || (error as NodeJS.ErrnoException).code || error.name : String(error);
  return text.replaceAll('\n', ' ');
}
