import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { whole } from '../config/option.js';
import { OPTIONS } from '../config/options.js';
import { type Environment, readOptions } from '../config/read.js';
import { type Child, type ChildOptions, startChild } from './child.js';
import { type Command, EXIT } from './command.js';
import { nginxConfig } from './nginx-config.js';

const DEMO_OPTIONS = {
  port: whole({ min: 0, max: 65_535, default: 0 }, 'Port of nginx; 0 takes a free one.', { env: 'PORT' }),
  instances: whole({ min: 1, max: 16, default: 3 }, 'Hubs to start.', { env: 'DEMO_INSTANCES' }),
  workers: whole({ min: 0, max: 16, default: 2 }, 'Job workers to start; 0: the hubs run the jobs.', { env: 'DEMO_WORKERS' }),
};

/** `roomcast demo-cluster`: a cluster to look at, until it is told to stop or a part of it dies. */
export const command: Command = {
  usage: '[flags]',
  options: DEMO_OPTIONS,
  run: async (argv, { env, print, stop }) => {
    const { values } = readOptions(DEMO_OPTIONS, { env, argv, alsoKnown: OPTIONS });
    const { died } = await demoCluster({ ...values, env, print, signal: stop });
    return died === undefined ? EXIT.ok : EXIT.failed;
  },
};

export interface DemoOptions {
  /** nginx' port; 0: a free one. */
  readonly port: number;
  readonly instances: number;
  readonly workers: number;
  /** Handed on to the parts, less what the cluster decides itself. */
  readonly env: Environment;
  readonly print: (line: string) => void;
  /** Ends the demonstration. */
  readonly signal: AbortSignal;
}

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const NGINX_TEMPLATE = fileURLToPath(new URL('../../../deploy/nginx/nginx.conf.template', import.meta.url));
/** Variables that would turn the parts into something else. */
const OWN_BUSINESS = { PORT: undefined, REDIS_URL: undefined, ROOMCAST_HOST: undefined, ROOMCAST_STORE: undefined };
/** How to get a program that is not there. */
const PACKAGES = { 'redis-server': 'redis-server', nginx: 'nginx-light' };

/**
 * A whole cluster on this machine: a Redis, instances, workers, and nginx in front, each on a free port, their files in a
 * temporary directory. Resolves when all has ended: on the signal, or because a part died.
 * @throws Error with one line when a part cannot be started; the others have ended by then
 */
async function demoCluster(options: DemoOptions): Promise<{ died?: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'roomcast-demo-'));
  const parts: Child[] = [];
  try {
    const address = await startParts(options, dir, parts);
    for (const line of summary(address, parts)) options.print(line);
    const died = await firstDeath(parts, options.signal);
    options.print(died === undefined ? 'Ending the cluster …' : `${died}; ending the rest …`);
    return died === undefined ? {} : { died };
  } catch (error) {
    if (options.signal.aborted) return {};
    throw error;
  } finally {
    // Redis, the first, goes last: what uses it then ends without errors.
    const [redis, ...others] = parts;
    await Promise.all(others.map((part) => part.stop()));
    await redis?.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function startParts({ port, instances, workers, signal, env }: DemoOptions, dir: string, parts: Child[]): Promise<string> {
  const start = async (name: string, command: string, args: readonly string[], ready: RegExp) => {
    signal.throwIfAborted();
    const child = await startProgram(name, command, args, { cwd: dir, detached: true, env: { ...env, ...OWN_BUSINESS } });
    parts.push(child);
    const [found] = await child.printed(ready);
    return found;
  };
  const redisPort = await freePort();
  const redisUrl = `redis://127.0.0.1:${redisPort}`;
  const redisArgs = ['--port', String(redisPort), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'yes'];
  await start('redis', 'redis-server', redisArgs, /Ready to accept connections/);
  const hub = (name: string) => {
    const flags = ['--port', '0', '--redis-url', redisUrl, '--trust-proxy', '1', '--jobs-in-server', workers > 0 ? 'off' : 'on'];
    return start(name, process.execPath, [MAIN, 'serve', ...flags], /127\.0\.0\.1:[0-9]+/);
  };
  const worker = (name: string) => start(name, process.execPath, [MAIN, 'worker', '--redis-url', redisUrl], /Roomcast worker/);
  const upstreams = await numbered('hub', instances, hub);
  await numbered('worker', workers, worker);
  const listen = `127.0.0.1:${port || (await freePort())}`;
  const nginxDir = join(dir, 'nginx');
  await mkdir(nginxDir);
  const config = nginxConfig(await readFile(NGINX_TEMPLATE, 'utf8'), { listen, upstreams, dir: nginxDir });
  await writeFile(join(nginxDir, 'nginx.conf'), config);
  // At the level notice it says when it listens.
  const args = ['-c', join(nginxDir, 'nginx.conf'), '-e', 'stderr', '-g', 'error_log stderr notice;'];
  await start('nginx', 'nginx', args, /start worker process/);
  return `http://${listen}`;
}

/** Starts `name-1` to `name-<count>` side by side; one that fails is reported once all are started or have failed. */
async function numbered<Started>(name: string, count: number, start: (name: string) => Promise<Started>): Promise<Started[]> {
  const starts = Array.from({ length: count }, (_, index) => start(`${name}-${index + 1}`));
  await Promise.allSettled(starts);
  return Promise.all(starts);
}

async function startProgram(name: string, command: string, args: readonly string[], options: ChildOptions): Promise<Child> {
  try {
    return await startChild(name, command, args, options);
  } catch (error) {
    const known = Object.entries(PACKAGES).find(([program]) => program === command);
    throw known
      ? new Error(`the demo cluster needs ${command}, which cannot be started: apt-get install ${known[1]}`, { cause: error })
      : error;
  }
}

/** Says who died, or undefined once the signal came. */
function firstDeath(parts: readonly Child[], signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    for (const part of parts) {
      part.exited.then(({ code, signal: by }) => resolve(`${part.name} (pid ${part.pid}) has ended: ${by ?? `exit code ${code}`}`));
    }
  });
}

function summary(address: string, parts: readonly Child[]): string[] {
  const widest = Math.max(...parts.map(({ name }) => name.length));
  const lines = parts.map((part) => {
    const own = /https?:\/\/127\.0\.0\.1:[0-9]+/.exec(part.output())?.[0] ?? '';
    return `  ${part.name.padEnd(widest)}  pid ${String(part.pid).padEnd(8)} ${part.name.startsWith('hub') ? own : ''}`.trimEnd();
  });
  return [`The cluster runs at ${address}`, ...lines, 'Ctrl-C ends it all.'];
}

/** A TCP port of loopback that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
