import { setTimeout as delay } from 'node:timers/promises';
import { type MachineFacts, readMachine } from '../machine.js';
import { startProcess } from '../process.js';
import { type FaultCluster, startFaultCluster } from './cluster.js';
import { carryOut, type Injection, targetOf } from './inject.js';
import type { FaultKind } from './kinds.js';
import type { LoadCalls, LoadSettings, Verdict } from './load/calls.js';
import type { FaultRecord } from './recovery.js';
import { type Fault, schedule } from './schedule.js';
import type { Undo } from './undo.js';

export interface RunSettings extends LoadSettings {
  readonly minutes: number;
  readonly kinds: readonly FaultKind[];
}

export interface FaultRun extends Verdict {
  readonly settings: RunSettings;
  readonly command: string;
  readonly startedAt: string;
  readonly machine: MachineFacts;
  readonly faults: readonly FaultRecord[];
  /** Processes that ended by themselves, or did not when told to. */
  readonly crashes: readonly string[];
}

export const QUIET_START_MS = 2_000;
/** The part of a run that faults begin in: the rest is for the last to heal. */
const TAIL_MS = 3_000;

/**
 * One run from the first process to the verdict. What it starts ends with `undo`.
 * @param onEnd sees the cluster before it ends
 * @throws Error when the cluster does not start or a fault cannot be carried out
 */
export async function runFaults(
  undo: Undo,
  settings: RunSettings,
  say: (line: string) => void,
  onEnd: (cluster: FaultCluster) => Promise<void> = async () => {},
): Promise<Pick<FaultRun, 'faults' | 'crashes' | keyof Verdict | 'machine' | 'startedAt'>> {
  const machine = readMachine();
  const startedAt = new Date().toISOString();
  say(`starting ${settings.side}, seed ${settings.seed}`);
  const cluster = await startFaultCluster(undo, settings.side);
  const load = undo.defer(startProcess<LoadCalls>(new URL('./load/process.js', import.meta.url)), (started) => started.stop());
  const { side, seed, rooms, readers, perSecond } = settings;
  await load.call('open', { side, seed, rooms, readers, perSecond, url: cluster.url, faultyUrl: cluster.faultyUrl });
  await load.call('start', {});
  const injection: Injection = { cluster, burst: (bytes) => load.call('burst', { bytes }) };
  const endMs = Date.now() + settings.minutes * 60_000;
  await delay(QUIET_START_MS);
  const faults = await carryOutAll(injection, schedule(seed, settings.kinds), endMs - TAIL_MS, say);
  await delay(endMs - Date.now());
  say('all is healed: waiting for the last message of every room');
  const verdict = await load.call('finish', { faults });
  await onEnd(cluster);
  return { ...verdict, faults, crashes: [...cluster.crashes], machine, startedAt };
}

/** Faults one after the other, some beginning in the middle of the one before, until it is time to stop. */
export async function carryOutAll(
  injection: Injection,
  faults: Iterable<Fault>,
  lastOnsetMs: number,
  say: (line: string) => void,
): Promise<FaultRecord[]> {
  const records: Omit<FaultRecord, 'overlapped'>[] = [];
  const carry = async (fault: Fault) => {
    const target = targetOf(injection, fault);
    say(`${fault.kind} (${target})`);
    records.push({ kind: fault.kind, target, ...(await carryOut(injection, fault)) });
  };
  let running: Promise<void> = Promise.resolve();
  for (const fault of faults) {
    if (Date.now() > lastOnsetMs) break;
    const carried = carry(fault);
    if (fault.overlaps) {
      // Seen to when both are over.
      carried.catch(() => undefined);
      running = carried;
      await delay(fault.holdMs / 2);
    } else {
      await Promise.all([running, carried]);
      running = Promise.resolve();
      await delay(fault.gapMs);
    }
  }
  await running;
  const meet = (one: (typeof records)[number], other: (typeof records)[number]) =>
    one !== other && one.onsetMs <= other.healMs && other.onsetMs <= one.healMs;
  return records.map((record) => ({ ...record, overlapped: records.some((other) => meet(record, other)) }));
}
