import { HubError } from '../../shared/errors.js';
import type { Clock } from '../observe/clock.js';
import type { JobHandler } from './handler.js';
import { nextTick } from './schedule.js';
import type { JobLogger } from './thread-runner.js';

export interface JobSchedulerOptions {
  /** Submits the one run of a tick: of all instances that do, one has it run. @throws HubError as JobQueue.submit */
  submit(handler: JobHandler, tick: number): Promise<unknown>;
  readonly clock: Clock;
  readonly logger: JobLogger;
}

export interface JobScheduler {
  /** Runs the handler by its schedule, where it has one. */
  add(handler: JobHandler): void;
  close(): void;
}

/** Timers of Node hold 24 days. */
const LONGEST_WAIT_MS = 24 * 3_600_000;
const AGAIN_MS = 1_000;

/**
 * Submits jobs at the ticks of their schedules. Every instance that has the handler does so, and the queue joins what they submit. A tick
 * at which no instance lives is left out; one that the queue does not take is tried again until the next.
 */
export function createJobScheduler({ submit, clock, logger }: JobSchedulerOptions): JobScheduler {
  const timers = new Map<JobHandler, () => void>();
  let closed = false;
  const after = (handler: JobHandler, afterMs: number, call: () => void) => {
    if (!closed) timers.set(handler, clock.after(Math.min(Math.max(0, afterMs), LONGEST_WAIT_MS), call));
  };

  function waitFor(handler: JobHandler, tick: number): void {
    const leftMs = tick - clock.now();
    if (leftMs > 0) after(handler, leftMs, () => waitFor(handler, tick));
    else void submitTick(handler, tick);
  }

  async function submitTick(handler: JobHandler, tick: number): Promise<void> {
    const next = nextTick(handler.repeat!, Math.max(tick, clock.now()));
    try {
      await submit(handler, tick);
    } catch (error) {
      logger.warn({ job: handler.name, tick, error: String(error) }, 'a scheduled job could not be submitted');
      const mayPass = error instanceof HubError && error.code !== 'closing';
      if (mayPass && clock.now() + AGAIN_MS < next) return after(handler, AGAIN_MS, () => void submitTick(handler, tick));
    }
    waitFor(handler, next);
  }

  return {
    add(handler) {
      if (handler.repeat) waitFor(handler, nextTick(handler.repeat, clock.now()));
    },
    close() {
      closed = true;
      for (const stop of timers.values()) stop();
    },
  };
}
