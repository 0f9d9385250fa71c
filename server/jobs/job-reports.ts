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

/** A state on its way into its room. */
interface Publication {
  readonly id: string;
  /** Resolves once it and all before it are published, or given up. */
  readonly settled: Promise<void>;
}

/** What of one job is not in its room yet. */
interface Report {
  last: Publication | undefined;
  /** Progress that is left out when something newer comes first. */
  progress: JobState | undefined;
}

/**
 * Publishes each state of each job that changes in this process into the job's room, in order. A state does not wait for the one before it: both may share
 * a commit, and the log refuses one whose predecessor is missing. Only progress waits, and is left out when a newer state is there. The id of a
 * publication is the state's revision, so that a repeated try is not seen twice.
 */
export function publishJobStates({ queue, publisher, logger, onEnd }: ReportOptions): JobReports {
  const reports = new Map<string, Report>();
  let onSettled: (() => void)[] = [];

  function send(report: Report, state: JobState): void {
    const id = `${state.jobId}.r${state.revision}`;
    const publication = { id, settled: publish(state, id, report.last) };
    report.last = publication;
    void publication.settled.then(() => {
      if (report.last === publication) goOn(report, state.jobId);
    });
  }

  /** Nothing of the job is on its way any more. */
  function goOn(report: Report, jobId: string): void {
    report.last = undefined;
    sendProgress(report);
    if (report.last) return;
    reports.delete(jobId);
    if (reports.size > 0) return;
    for (const tell of onSettled) tell();
    onSettled = [];
  }

  function sendProgress(report: Report): void {
    const { progress } = report;
    report.progress = undefined;
    if (progress) send(report, progress);
  }

  async function publish(state: JobState, id: string, before: Publication | undefined): Promise<void> {
    let after = before?.id;
    for (let attempt = 1; ; attempt++) {
      try {
        await publisher.publish(`job:${state.jobId}`, 'job', state, { id, after });
        return await before?.settled;
      } catch (error) {
        await before?.settled;
        const { code } = toWireError(error);
        const early = after !== undefined && code === 'out_of_order';
        after = undefined;
        if (early) continue;
        if (ERRORS[code].retry !== 'later' || attempt === TRIES) {
          logger.error({ err: error, jobId: state.jobId, state: state.state }, 'the state of a job could not be published');
          return;
        }
        await delay(Math.min(RETRY_MS * attempt, RETRY_MAX_MS), undefined, { ref: false });
      }
    }
  }

  queue.onChange(({ state }) => {
    if (state.endedAt !== undefined) onEnd?.(state);
    const report = reports.get(state.jobId) ?? { last: undefined, progress: undefined };
    reports.set(state.jobId, report);
    if (report.progress?.startedAt === state.startedAt) report.progress = undefined;
    else sendProgress(report);
    if (report.last && state.state === 'active' && state.progress) report.progress = state;
    else send(report, state);
  });
  return {
    async settled(withinMs) {
      if (reports.size === 0) return;
      const late = new AbortController();
      const all = new Promise<void>((resolve) => onSettled.push(resolve));
      await Promise.race([all, delay(withinMs, undefined, { signal: late.signal }).catch(() => {})]);
      late.abort();
    },
  };
}
