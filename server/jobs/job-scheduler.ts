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

/** A clock that is set runs away from its timers: a tick is late by so much at most. */
const LONGEST_WAIT_MS = 60_000;
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
    const now = clock.now();
    if (tick <= now) return void submitTick(handler, tick);
    // A clock that was set back has earlier ticks. Those within a wait are left: a clock that is set right by a little must not repeat the last one.
    const due = Math.min(tick, nextTick(handler.repeat!, now + LONGEST_WAIT_MS));
    after(handler, due - now, () => waitFor(handler, due));
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
