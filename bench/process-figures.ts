import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

/** What a process used in a window of time. */
export interface UsedFigures {
  /** Length of the window, by this process' clock. */
  readonly seconds: number;
  /** User and system, of all threads. */
  readonly cpuSeconds: number;
  /** Part of the time in which the event loop of the main thread did not wait, 0 to 100. */
  readonly loopBusyPercent: number;
  /** At the window's end. */
  readonly rssMiB: number;
  /** From the window's begin to its end. */
  readonly rssGrowthMiB: number;
}

/** What a process did in a window of time. */
export interface ProcessFigures extends UsedFigures {
  /** How late the event loop ran a timer of `LOOP_DELAY_RESOLUTION_MS`. */
  readonly loopDelayP50Ms: number;
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
}

/** The timer that the loop's delay is read from: what is shorter is not seen, and its own length is taken off. */
export const LOOP_DELAY_RESOLUTION_MS = 1;
const NS_PER_MS = 1e6;
const US_PER_S = 1e6;
const MS_PER_S = 1e3;

const rssMiB = () => process.memoryUsage.rss() / 1024 ** 2;

/** Opens a window on this process, which costs it nothing; the function that is given back ends it. */
export function watchUse(): () => UsedFigures {
  const busyBefore = performance.eventLoopUtilization();
  const cpuBefore = process.cpuUsage();
  const rssBefore = rssMiB();
  const startMs = performance.now();
  return () => {
    const cpu = process.cpuUsage(cpuBefore);
    const rss = rssMiB();
    return {
      seconds: (performance.now() - startMs) / MS_PER_S,
      cpuSeconds: (cpu.user + cpu.system) / US_PER_S,
      loopBusyPercent: performance.eventLoopUtilization(busyBefore).utilization * 100,
      rssMiB: rss,
      rssGrowthMiB: rss - rssBefore,
    };
  };
}

/** Watches this process for so many seconds, its event loop's delay too: a timer of 1 ms, which costs a little. */
export async function watchProcess(seconds: number): Promise<ProcessFigures> {
  const histogram = monitorEventLoopDelay({ resolution: LOOP_DELAY_RESOLUTION_MS });
  const end = watchUse();
  histogram.enable();
  await delay(seconds * MS_PER_S);
  const used = end();
  histogram.disable();
  const delayMs = (ns: number) => Math.max(0, ns / NS_PER_MS - LOOP_DELAY_RESOLUTION_MS);
  return {
    ...used,
    loopDelayP50Ms: delayMs(histogram.percentile(50)),
    loopDelayP99Ms: delayMs(histogram.percentile(99)),
    loopDelayMaxMs: delayMs(histogram.max),
  };
}
