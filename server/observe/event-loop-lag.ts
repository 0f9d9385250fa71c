import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How late the event loop ran its timers in the last second or more, in milliseconds. */
export interface LagReading {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface EventLoopLag {
  /** The reading of the last full window; all who read within one window get the same. */
  read(): LagReading;
  close(): void;
}

const RESOLUTION_MS = 10;
const NS_PER_MS = 1e6;

/** Measures the event loop's lag in windows of at least `windowMs`, each begun by the first read after the one before ended. */
export function createEventLoopLag({ windowMs = 1_000, now = () => performance.now() } = {}): EventLoopLag {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  // The histogram holds whole intervals between two timer runs, of which the resolution itself is no lag.
  const lagMs = (ns: number) => (histogram.count === 0 ? 0 : Math.max(0, ns / NS_PER_MS - RESOLUTION_MS));
  const measure = (): LagReading => ({
    p50Ms: lagMs(histogram.percentile(50)),
    p99Ms: lagMs(histogram.percentile(99)),
    maxMs: lagMs(histogram.max),
  });
  let begunAt = now();
  let reading: LagReading = { p50Ms: 0, p99Ms: 0, maxMs: 0 };
  return {
    read() {
      if (now() - begunAt < windowMs) return reading;
      reading = measure();
      histogram.reset();
      begunAt = now();
      return reading;
    },
    close: () => histogram.disable(),
  };
}
