import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

/** What a process did in a window of time. */
export interface ProcessFigures {
  /** How late the event loop ran a timer of `LOOP_DELAY_RESOLUTION_MS`. */
  readonly loopDelayP50Ms: number;
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  /** Part of the time in which the event loop of the main thread did not wait, 0 to 100. */
  readonly loopBusyPercent: number;
  /** User and system, of all threads. */
  readonly cpuSeconds: number;
  /** At the window's end. */
  readonly rssMiB: number;
}

/** The timer that the loop's delay is read from: what is shorter is not seen, and its own length is taken off. */
export const LOOP_DELAY_RESOLUTION_MS = 1;
const NS_PER_MS = 1e6;
const US_PER_S = 1e6;

/** Watches this process for so many seconds. */
export async function watchProcess(seconds: number): Promise<ProcessFigures> {
  const histogram = monitorEventLoopDelay({ resolution: LOOP_DELAY_RESOLUTION_MS });
  const busyBefore = performance.eventLoopUtilization();
  const cpuBefore = process.cpuUsage();
  histogram.enable();
  await delay(seconds * 1_000);
  const cpu = process.cpuUsage(cpuBefore);
  const busy = performance.eventLoopUtilization(busyBefore);
  histogram.disable();
  const delayMs = (ns: number) => Math.max(0, ns / NS_PER_MS - LOOP_DELAY_RESOLUTION_MS);
  return {
    loopDelayP50Ms: delayMs(histogram.percentile(50)),
    loopDelayP99Ms: delayMs(histogram.percentile(99)),
    loopDelayMaxMs: delayMs(histogram.max),
    loopBusyPercent: busy.utilization * 100,
    cpuSeconds: (cpu.user + cpu.system) / US_PER_S,
    rssMiB: process.memoryUsage.rss() / 1024 ** 2,
  };
}
