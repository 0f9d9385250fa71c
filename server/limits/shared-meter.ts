import type { Rate } from './shared-limits.js';

export interface SharedMeterOptions {
  readonly rate: Rate;
  /** As `SharedLimits.spend` for one rate. */
  readonly spend: (key: string, points: number) => Promise<number>;
  /** Milliseconds between two reports of what was used here. */
  readonly reportMs?: number;
  readonly now?: () => number;
}

/**
 * A rate that all instances share, at no cost to the caller: uses are counted here and reported together, one report per key and
 * `reportMs`; a key that the reports show to be over its rate is refused until its window ends. All instances together may exceed the
 * rate by what comes within `reportMs`.
 */
export interface SharedMeter {
  /** Counts a use: 0; or refuses it, with the milliseconds to wait. */
  use(key: string): number;
  /** Milliseconds to wait, without a use. */
  waitMs(key: string): number;
  close(): void;
}

interface Usage {
  unreported: number;
  blockedUntil: number;
}

export function createSharedMeter({ rate, spend, reportMs = 250, now = Date.now }: SharedMeterOptions): SharedMeter {
  /** Keys with something to report or a block that runs. */
  const usages = new Map<string, Usage>();
  let timer: NodeJS.Timeout | undefined;

  const report = (): void => {
    timer = undefined;
    for (const [key, usage] of usages) {
      const points = usage.unreported;
      usage.unreported = 0;
      if (points > 0) void spend(key, points).then((waitMs) => block(key, waitMs));
      else if (usage.blockedUntil <= now()) usages.delete(key);
    }
    if (usages.size > 0) schedule();
  };
  const block = (key: string, waitMs: number): void => {
    if (waitMs === 0) return;
    const usage = usages.get(key) ?? { unreported: 0, blockedUntil: 0 };
    usage.blockedUntil = now() + waitMs;
    usages.set(key, usage);
    schedule();
  };
  const schedule = (): void => {
    timer ??= setTimeout(report, reportMs).unref();
  };
  const waitMs = (key: string): number => {
    const usage = usages.get(key);
    if (!usage) return 0;
    if (usage.unreported >= rate.points) return reportMs;
    return Math.max(0, Math.ceil(usage.blockedUntil - now()));
  };

  return {
    waitMs,
    use: (key) => {
      const wait = waitMs(key);
      if (wait > 0) return wait;
      const usage = usages.get(key) ?? { unreported: 0, blockedUntil: 0 };
      usage.unreported += 1;
      usages.set(key, usage);
      schedule();
      return 0;
    },
    close: () => {
      clearTimeout(timer);
      usages.clear();
    },
  };
}
