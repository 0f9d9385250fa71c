import { existsSync } from 'node:fs';
import { type Child, type ChildExit, startChild } from '../../server/cli/child.js';
import { ROOT, storageDir } from './files.js';
import type { Scope } from './scope.js';

const MAIN = `${ROOT}dist/server/main.js`;

/** A hub in a process of its own, as `roomcast serve` starts it. */
export interface HubProcess extends Child {
  /** `http://127.0.0.1:<port>`, or `https://`. */
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
}

export interface HubOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Default: a new one, removed with the scope. */
  readonly dataDir?: string;
  /** Default: a free one. */
  readonly port?: number;
}

/** Starts the built hub and waits for the line with its address. It ends with the scope. */
export async function startHub(scope: Scope, options: HubOptions = {}): Promise<HubProcess> {
  const { hub, dataDir } = await spawnHub(scope, options);
  const [, url, port] = await hub.printed(/(https?:\/\/127\.0\.0\.1:([0-9]+))/);
  return { ...hub, url: url!, port: Number(port), dataDir };
}

/** Starts the built hub without waiting for anything. */
export async function spawnHub(scope: Scope, options: HubOptions = {}): Promise<{ hub: Child; dataDir: string }> {
  const dataDir = options.dataDir ?? (await storageDir(scope));
  // Clients that a test leaves behind are not waited for; most tests need no thread for jobs.
  const env = { ROOMCAST_DATA_DIR: dataDir, ROOMCAST_DRAIN_MS: '500', ROOMCAST_JOB_WARM_THREADS: '0', ...options.env };
  const hub = await roomcast(scope, ['serve', '--port', String(options.port ?? 0), ...(options.args ?? [])], env);
  return { hub, dataDir };
}

/** Runs the built command with nothing of this process' environment but PATH and HOME. */
export async function roomcast(scope: Scope, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Child> {
  if (!existsSync(MAIN)) throw new Error('these tests run the built hub: npm run build');
  const { PATH, HOME } = process.env;
  const child = await startChild(`roomcast ${args[0] ?? ''}`, process.execPath, [MAIN, ...args], {
    cwd: ROOT,
    env: { PATH, HOME, NODE_ENV: 'production', ...env },
  });
  return scope.defer(child, () => child.stop());
}

/** Runs the built command to its end. */
export async function runRoomcast(
  scope: Scope,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ChildExit & { output: string }> {
  const child = await roomcast(scope, args, env);
  return { ...(await child.exited), output: child.output() };
}
