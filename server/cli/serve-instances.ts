import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config.js';
import { listen, urlOf } from '../hub/listen.js';
import { InstanceFailed, Supervisor } from '../instances/supervisor.js';
import { createLogger } from '../observe/logger.js';
import { EXIT, type ExitCode, type Terminal } from './command.js';
import { runUntilStopped } from './run-until-stopped.js';

const INSTANCE = fileURLToPath(new URL('../instance-main.js', import.meta.url));
/** Replaces all instances one after the other. SIGHUP keeps its meaning, that the terminal is gone. */
export const REPLACE = 'SIGUSR2';
/** Beyond its drain time, what an instance has to end. */
const END_MS = 10_000;

/** The primary of several instances on one port: it holds the port and the processes, and runs no hub itself. */
export async function serveInstances(count: number, config: Config, argv: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const log = createLogger({ level: config.logLevel, format: config.logFormat });
  // Readable by this user alone; short, because the path of a socket may have some hundred bytes.
  const dir = await mkdtemp(join(tmpdir(), 'roomcast-'));
  const supervisor = new Supervisor({
    count,
    log,
    graceMs: config.drainMs + END_MS,
    spawn: ({ number, id }) => fork(INSTANCE, [String(number), String(id), dir, ...argv], { env: { ...terminal.env } }),
  });
  const replace = () => void supervisor.restartAll();
  const start = async () => {
    await listen(supervisor.server, config);
    await supervisor.start();
    return supervisor;
  };
  process.on(REPLACE, replace);
  try {
    return await runUntilStopped(start, () => `Roomcast on ${urlOf(supervisor.server, config)} (${count} instances)`, terminal);
  } catch (error) {
    // The instance has said what was wrong, unless it could not.
    if (error instanceof InstanceFailed && error.exit.code !== null) return error.exit.code === EXIT.usage ? EXIT.usage : EXIT.failed;
    throw error;
  } finally {
    process.off(REPLACE, replace);
    await rm(dir, { recursive: true, force: true });
  }
}
