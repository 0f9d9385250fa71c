import { readdirSync, readFileSync } from 'node:fs';

/** What processes used in a window of time, together. */
export interface UsedFigures {
  readonly seconds: number;
  /** User and system, of all threads. */
  readonly cpuSeconds: number;
  /** At the window's end. */
  readonly rssMiB: number;
  /**
   * From the window's begin to its end, of the memory that is the processes' own: pages of mapped files count as theirs (RSS), too, and
   * are the system's, which takes them back when it wants.
   */
  readonly ownGrowthMiB: number;
}

const MS_PER_S = 1e3;
const NS_PER_S = 1e9;
const KIB_PER_MIB = 1_024;

/**
 * Opens a window on processes; the function that is given back ends it. They are looked at from outside, through proc(5): asked, a process whose
 * event loop is busy for a second would answer for another second than the one that was meant.
 * @param helpers whose CPU counts and whose memory does not
 * @throws Error where there is no proc(5)
 */
export function watchUse(pids: readonly number[], helpers: readonly number[] = []): () => UsedFigures {
  const startMs = performance.now();
  const cpuSeconds = () => sum([...pids, ...helpers].map(cpuSecondsOf));
  const ownMiB = () => sum(pids.map((pid) => statusKiB(pid, 'RssAnon'))) / KIB_PER_MIB;
  const [cpuBefore, ownBefore] = [cpuSeconds(), ownMiB()];
  return () => ({
    seconds: (performance.now() - startMs) / MS_PER_S,
    cpuSeconds: cpuSeconds() - cpuBefore,
    rssMiB: sum(pids.map(rssKiBOf)) / KIB_PER_MIB,
    ownGrowthMiB: ownMiB() - ownBefore,
  });
}

/** User and system, until now, of the threads that there are. */
export function cpuSecondsOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  // The first number is the time on a core in nanoseconds; /proc/<pid>/stat has it in steps of ten milliseconds.
  return sum(threads.map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]))) / NS_PER_S;
}

export const rssKiBOf = (pid: number): number => statusKiB(pid, 'VmRSS');

/** A size as proc(5) tells it of a process. */
export function statusKiB(pid: number, field: 'VmRSS' | 'RssAnon'): number {
  const [, kib] = new RegExp(`^${field}:\\s*(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib);
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
