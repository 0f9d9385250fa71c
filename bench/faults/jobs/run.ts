import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type MachineFacts, readMachine } from '../../machine.js';
import { startProcess } from '../../process.js';
import { type FaultCluster, startFaultCluster } from '../cluster.js';
import type { FaultKind } from '../kinds.js';
import type { FaultRecord } from '../recovery.js';
import { carryOutAll, QUIET_START_MS } from '../run.js';
import { schedule } from '../schedule.js';
import type { Undo } from '../undo.js';
import type { JobsLoadCalls, JobsLoadSettings, JobsVerdict } from './calls.js';

export interface JobsRunSettings extends JobsLoadSettings {
  readonly minutes: number;
  readonly kinds: readonly FaultKind[];
}

export interface JobsRun extends JobsVerdict {
  readonly settings: JobsRunSettings;
  readonly command: string;
  readonly startedAt: string;
  readonly machine: MachineFacts;
  readonly faults: readonly FaultRecord[];
  /** Processes that ended by themselves. */
  readonly crashes: readonly string[];
}

/** Long jobs wait in their threads: there are enough of them for the short ones. */
const THREADS = 8;
/** While a worker is away the line grows: nobody is refused. */
const QUEUE_MAX = 100_000;
const ENV = {
  ROOMCAST_JOB_HANDLERS: fileURLToPath(new URL('./handlers.js', import.meta.url)),
  ROOMCAST_JOB_THREADS: String(THREADS),
  ROOMCAST_JOB_QUEUE_MAX: String(QUEUE_MAX),
};

/**
 * Jobs handed in at a steady rate, whose workers, hubs and Redis fail. What it starts ends with `undo`.
 * @param onEnd sees the cluster before it ends
 * @throws Error when the cluster does not start or a fault cannot be carried out
 */
export async function runJobFaults(
  undo: Undo,
  settings: JobsRunSettings,
  say: (line: string) => void,
  onEnd: (cluster: FaultCluster) => Promise<void> = async () => {},
): Promise<Omit<JobsRun, 'command'>> {
  const machine = readMachine();
  const startedAt = new Date().toISOString();
  say(`starting, seed ${settings.seed}`);
  const cluster = await startFaultCluster(undo, 'roomcast', ENV);
  const load = undo.defer(startProcess<JobsLoadCalls>(new URL('./process.js', import.meta.url)), (started) => started.stop());
  const { seed, perSecond, submitters, rooms, minutes, kinds } = settings;
  await load.call('open', { seed, perSecond, submitters, rooms, url: cluster.url, redisUrl: cluster.redis.url });
  await load.call('start', {});
  const endMs = Date.now() + minutes * 60_000;
  await delay(QUIET_START_MS);
  const faults = await carryOutAll({ cluster, burst: async () => {} }, schedule(seed, kinds), endMs - QUIET_START_MS, say);
  await delay(endMs - Date.now());
  say('all is healed: waiting for the end of every job');
  const verdict = await load.call('finish', {});
  await onEnd(cluster);
  return { ...verdict, settings, faults, crashes: [...cluster.crashes], machine, startedAt };
}
