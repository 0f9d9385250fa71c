import { setTimeout as delay } from 'node:timers/promises';
import { toWireError } from '../../shared/errors.js';
import type { JobState, PublishAnswer } from '../../shared/protocol.js';
import type { SystemPublisher } from '../rooms/publisher.js';
import type { JobQueue, JobRecord } from './job-queue.js';
import { keepTrying, mayPass } from './keep-trying.js';
import { RoomNews } from './room-news.js';
import type { JobLogger } from './thread-runner.js';

interface ReportOptions {
  readonly queue: Pick<JobQueue, 'onChange' | 'onUntold' | 'told'>;
  readonly publisher: SystemPublisher;
  readonly logger: JobLogger;
  onEnd?(state: JobState): void;
}

export interface JobReports {
  /** Publishes a state that the queue does not report. */
  tell(state: JobState): void;
  /** Resolves once all that happened so far is published, or given up, or after `withinMs`. */
  settled(withinMs: number): Promise<void>;
  /**
   * All that a job says, where it has said nothing yet and ends before its states are held no longer; undefined, and then all of it is in its room or
   * comes there, where it takes longer, happens in another process, or cannot be published at once.
   */
  story(jobId: string): Promise<readonly ToldState[] | undefined>;
}

/** A state as it stands in the job's room. */
export interface ToldState {
  readonly state: JobState;
  readonly position: PublishAnswer['position'];
}

/** A state on its way into its room. */
interface Publication {
  readonly id: string;
  readonly state: JobState;
  /** Resolves once it and all before it are published, or given up; then its position is undefined. */
  readonly settled: Promise<PublishAnswer['position'] | undefined>;
}

/** What of one job is not in its room yet. */
interface Report {
  last: Publication | undefined;
  /** Not on their way yet. */
  readonly held: JobState[];
  tell?: (story: readonly ToldState[] | undefined) => void;
}

/** Milliseconds that a state is held for those that follow. Most jobs that do little have ended by then, and only their end is told. */
const HOLD_MS = 50;

/**
 * Publishes the states of each job that changes in this process into the job's room, in order. States that follow each other at once go together, at the
 * latest with the job's end; one does not wait for the one before it to be stored, the log refuses it where that is missing. Progress waits, and is left out
 * when a newer state is there, and of a job of which nothing is told when it ends, all but the end is. The id of a publication is the state's revision, so that a
 * repeated try is not seen twice.
 */
export function publishJobStates({ queue, publisher, logger, onEnd }: ReportOptions): JobReports {
  const reports = new Map<string, Report>();
  /** Since when each is held, the oldest first. */
  const holding = new Map<Report, number>();
  const news = new RoomNews(publisher, logger);
  let timer: NodeJS.Timeout | undefined;
  let onSettled: (() => void)[] = [];

  function send(report: Report): void {
    holding.delete(report);
    const publications = report.held.splice(0).map((state) => {
      const id = `${state.jobId}.r${state.revision}`;
      const publication = { id, state, settled: publish(state, id, report.last) };
      report.last = publication;
      return publication;
    });
    const last = publications.at(-1);
    if (last) void last.settled.then(() => report.last === last && goOn(report, last.state.jobId));
    void tell(report, publications);
  }

  async function tell(report: Report, publications: readonly Publication[]): Promise<void> {
    const { tell } = report;
    if (!tell) return;
    delete report.tell;
    if (publications.at(-1)?.state.endedAt === undefined) return tell(undefined);
    const story: ToldState[] = [];
    for (const { state, settled } of publications) {
      const position = await settled;
      if (position !== undefined) story.push({ state, position });
    }
    tell(story.length === publications.length ? story : undefined);
  }

  function sendHeld(): void {
    timer = undefined;
    const now = performance.now();
    for (const [one, since] of holding) {
      const leftMs = since + HOLD_MS - now;
      if (leftMs > 0) {
        wake(leftMs);
        return;
      }
      send(one);
    }
  }

  function wake(inMs: number): void {
    // A turn later: where the event loop was busy, ends that came meanwhile are heard first.
    if (!timer) timer = setTimeout(() => setImmediate(sendHeld), inMs);
  }

  function hold(report: Report): void {
    if (!holding.has(report)) holding.set(report, performance.now());
    wake(HOLD_MS);
  }

  /** Nothing of the job is on its way any more. */
  function goOn(report: Report, jobId: string): void {
    report.last = undefined;
    send(report);
    if (report.last) return;
    reports.delete(jobId);
    if (reports.size > 0) return;
    for (const tell of onSettled) tell();
    onSettled = [];
  }

  async function publish(state: JobState, id: string, before: Publication | undefined): Promise<PublishAnswer['position'] | undefined> {
    // First the room that the job reaches: who finds the end in the job's own room knows that it is told.
    const end = state.endedAt === undefined ? undefined : news.end(state.jobId);
    const reached = end ? await end : true;
    const isTold = () => reached && state.endedAt !== undefined && queue.told?.(state.jobId);
    try {
      const { position } = await keepTrying(() => publishInOrder(state, id, before));
      isTold();
      await before?.settled;
      return position;
    } catch (error) {
      logger.error({ err: error, jobId: state.jobId, state: state.state }, 'the state of a job could not be published');
      // What is refused for good is not tried by others either.
      if (!mayPass(error)) isTold();
      return undefined;
    }
  }

  async function publishInOrder(state: JobState, id: string, before: Publication | undefined): Promise<PublishAnswer> {
    const publishState = (after?: string) => publisher.publish(`job:${state.jobId}`, 'job', state, { id, after });
    try {
      return await publishState(before?.id);
    } catch (error) {
      await before?.settled;
      if (before === undefined || toWireError(error).code !== 'out_of_order') throw error;
      return publishState();
    }
  }

  function take(state: JobState): void {
    const report = reports.get(state.jobId) ?? { last: undefined, held: [] };
    reports.set(state.jobId, report);
    const before = report.held.at(-1);
    if (before && isProgress(before) && before.startedAt === state.startedAt) report.held.pop();
    if (state.endedAt !== undefined && isWholeStory(report.held)) report.held.length = 0;
    report.held.push(state);
    if (state.endedAt !== undefined) send(report);
    else if (!isProgress(state) || !report.last) hold(report);
  }

  function hear(record: JobRecord): void {
    // The room that it reaches has heard of its failure, which was its end there.
    if (!record.discarded) news.take(record);
    take(record.state);
  }

  queue.onChange((record) => {
    if (record.state.endedAt !== undefined) onEnd?.(record.state);
    hear(record);
  });
  queue.onUntold?.(hear);
  return {
    tell: take,
    async settled(withinMs) {
      const late = new AbortController();
      const reported = reports.size === 0 ? undefined : new Promise<void>((resolve) => onSettled.push(resolve));
      const all = Promise.all([reported, news.settled()]);
      await Promise.race([all, delay(withinMs, undefined, { signal: late.signal }).catch(() => {})]);
      late.abort();
    },
    async story(jobId) {
      const report = reports.get(jobId);
      if (!report || report.last || report.tell) return undefined;
      return new Promise((resolve) => {
        report.tell = resolve;
      });
    },
  };
}

/** Nothing of the job is told yet, and its end says when it was submitted and started. A failed attempt stands in the states before the end alone. */
const isWholeStory = (held: readonly JobState[]) => held[0]?.revision === 1 && !held.some(({ error }) => error);
const isProgress = ({ state, progress }: JobState) => state === 'active' && progress !== undefined;
