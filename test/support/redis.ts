import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { basename, join } from 'node:path';
import { storageHome } from './files.js';
import { waitFor } from './wait.js';

export interface TestRedis {
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  /** The server's data directory: give it to the next start's `dir` to come back with the same data. */
  readonly dir: string;
  /** Ends the process, also a stopped (SIGSTOP) one, and removes its directory, where a start made it: this one or one before. */
  stop(): Promise<void>;
  /** Resolves at once, for signals that end the process once it is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

export interface RedisStart {
  readonly args?: readonly string[];
  readonly port?: number;
  readonly dir?: string;
  /** Runs a Sentinel with this configuration; it keeps what it learns in a file of its directory. */
  readonly sentinel?: string;
}

/** How the directories begin that a start makes. */
const OWN_DIR = 'roomcast-redis-';

/** A real redis-server on loopback, answering PING; without persistence unless `args` say otherwise. */
export async function startRedis({ args = [], port, dir, sentinel }: RedisStart = {}): Promise<TestRedis> {
  const dataDir = dir ?? (await mkdtemp(join(await storageHome(), OWN_DIR)));
  const attempts = port === undefined ? 5 : 1;
  for (let attempt = 1; ; attempt++) {
    const chosen = port ?? (await freePort());
    const flags = sentinel === undefined ? serverFlags(dataDir, args) : await sentinelFlags(dataDir, sentinel);
    const started = await launch(chosen, flags);
    if (started) return handle(started, chosen, dataDir);
    if (attempt === attempts) throw new Error(`redis-server did not start on port ${chosen}`);
  }
}

/** A TCP port of loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function serverFlags(dir: string, args: readonly string[]): string[] {
  return ['--dir', dir, '--save', '', '--appendonly', 'no', '--loglevel', 'warning', ...args];
}

async function sentinelFlags(dir: string, configuration: string): Promise<string[]> {
  const file = join(dir, 'sentinel.conf');
  await writeFile(file, configuration);
  return [file, '--sentinel', '--dir', dir, '--loglevel', 'warning'];
}

async function launch(port: number, flags: readonly string[]): Promise<ChildProcess | undefined> {
  const child = spawn('redis-server', [...flags, '--port', String(port), '--bind', '127.0.0.1'], { stdio: 'ignore' });
  let failed = false;
  child.once('error', () => {
    failed = true;
  });
  const gone = () => failed || child.exitCode !== null || child.signalCode !== null;
  await waitFor(async () => gone() || (await answersPing(port)), { what: `redis-server on port ${port}` }).catch(async (error) => {
    child.kill('SIGKILL');
    throw error;
  });
  return gone() ? undefined : child;
}

function handle(child: ChildProcess, port: number, dir: string): TestRedis {
  const exited = new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    pid: child.pid!,
    dir,
    async stop() {
      child.kill('SIGKILL');
      await exited;
      if (basename(dir).startsWith(OWN_DIR)) await rm(dir, { recursive: true, force: true });
    },
    async kill(signal) {
      child.kill(signal);
      if (signal === 'SIGKILL' || signal === 'SIGTERM' || signal === 'SIGINT') await exited;
    },
  };
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const done = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(500, () => done(false));
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => done(data.toString().startsWith('+PONG')));
    socket.once('error', () => done(false));
  });
}
