import { setTimeout as delay } from 'node:timers/promises';
import { ERRORS, toWireError } from '../../shared/errors.js';
import type { JobState } from '../../shared/protocol.js';
import type { SystemPublisher } from '../rooms/publisher.js';
import type { JobQueue } from './job-queue.js';
import type { JobLogger } from './thread-runner.js';

interface ReportOptions {
  readonly queue: Pick<JobQueue, 'onChange'>;
  readonly publisher: SystemPublisher;
  readonly logger: JobLogger;
  onEnd?(state: JobState): void;
}

export interface JobReports {
  /** Resolves once all that happened so far is published, or given up, or after `withinMs`. */
  settled(withinMs: number): Promise<void>;
}

/** Tries to publish one state, and the pause between them, which grows: about two minutes in all. */
const TRIES = 30;
const RETRY_MS = 250;
const RETRY_MAX_MS = 5_000;

/**
 * Publishes each state of each job that changes in this process into the job's room, in order. A progress that waits behind others is left out when a
 * newer state is there; the id of a publication is the state's revision, so that a repeated try is not seen twice.
 */
export function publishJobStates({ queue, publisher, logger, onEnd }: ReportOptions): JobReports {
  const waiting = new Map<string, JobState[]>();
  let onSettled: (() => void)[] = [];

  async function publishAll(jobId: string, states: JobState[]): Promise<void> {
    for (let state = states[0]; state; state = states[0]) {
      await publish(state);
      states.shift();
    }
    waiting.delete(jobId);
    if (waiting.size > 0) return;
    for (const tell of onSettled) tell();
    onSettled = [];
  }

  async function publish(state: JobState): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await publisher.publish(`job:${state.jobId}`, 'job', state, { id: `${state.jobId}.r${state.revision}` });
        return;
      } catch (error) {
        if (ERRORS[toWireError(error).code].retry !== 'later' || attempt === TRIES) {
          logger.error({ err: error, jobId: state.jobId, state: state.state }, 'the state of a job could not be published');
          return;
        }
        await delay(Math.min(RETRY_MS * attempt, RETRY_MAX_MS), undefined, { ref: false });
      }
    }
  }

  queue.onChange(({ state }) => {
    if (state.endedAt !== undefined) onEnd?.(state);
    const states = waiting.get(state.jobId);
    if (!states) {
      const first = [state];
      waiting.set(state.jobId, first);
      void publishAll(state.jobId, first);
      return;
    }
    // The first one is on its way; of those behind it only a progress may be passed over.
    const last = states.at(-1);
    if (states.length > 1 && last?.state === 'active' && last.progress && state.startedAt === last.startedAt) states.pop();
    states.push(state);
  });
  return {
    async settled(withinMs) {
      if (waiting.size === 0) return;
      const late = new AbortController();
      const all = new Promise<void>((resolve) => onSettled.push(resolve));
      await Promise.race([all, delay(withinMs, undefined, { signal: late.signal }).catch(() => {})]);
      late.abort();
    },
  };
}
