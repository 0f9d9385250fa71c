import { setTimeout as delay } from 'node:timers/promises';
import type { JobState, PublishAnswer } from '../../shared/protocol.js';
import type { SystemPublisher } from '../rooms/publisher.js';
import type { JobQueue, JobRecord } from './job-queue.js';
import { RoomNews } from './room-news.js';
import { ShortHold } from './short-hold.js';
import { type Publication, StatePublisher } from './state-publisher.js';
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
 * latest with the job's end. Progress waits, and is left out when a newer state is there, and of a job of which nothing is told when it ends, all but the
 * end is.
 */
export function publishJobStates(options: ReportOptions): JobReports {
  return new StateReports(options);
}

class StateReports implements JobReports {
  private readonly reports = new Map<string, Report>();
  private readonly holding = new ShortHold<Report>(HOLD_MS, (report) => this.send(report));
  private readonly news: RoomNews;
  private readonly states: StatePublisher;
  private onSettled: (() => void)[] = [];

  constructor({ queue, publisher, logger, onEnd }: ReportOptions) {
    this.news = new RoomNews(publisher, logger);
    this.states = new StatePublisher({ queue, publisher, news: this.news, logger });
    queue.onChange((record) => {
      if (record.state.endedAt !== undefined) onEnd?.(record.state);
      this.hear(record);
    });
    queue.onUntold?.((record) => this.hear(record));
  }

  tell(state: JobState): void {
    const report = this.reports.get(state.jobId) ?? { last: undefined, held: [] };
    this.reports.set(state.jobId, report);
    addTo(report.held, state);
    if (state.endedAt !== undefined) this.send(report);
    else if (!isProgress(state) || !report.last) this.holding.hold(report);
  }

  async settled(withinMs: number): Promise<void> {
    const late = new AbortController();
    const reported = this.reports.size === 0 ? undefined : new Promise<void>((resolve) => this.onSettled.push(resolve));
    const all = Promise.all([reported, this.news.settled()]);
    await Promise.race([all, delay(withinMs, undefined, { signal: late.signal }).catch(() => {})]);
    late.abort();
  }

  async story(jobId: string): Promise<readonly ToldState[] | undefined> {
    const report = this.reports.get(jobId);
    if (!report || report.last || report.tell) return undefined;
    return new Promise((resolve) => {
      report.tell = resolve;
    });
  }

  private hear(record: JobRecord): void {
    // The room that it reaches has heard of its failure, which was its end there.
    if (!record.discarded) this.news.take(record);
    this.tell(record.state);
  }

  private send(report: Report): void {
    this.holding.takeOut(report);
    const publications = report.held.splice(0).map((state) => {
      report.last = this.states.publish(state, report.last);
      return report.last;
    });
    const last = publications.at(-1);
    if (last) void last.settled.then(() => report.last === last && this.goOn(report, last.state.jobId));
    void tellStory(report, publications);
  }

  /** Nothing of the job is on its way any more. */
  private goOn(report: Report, jobId: string): void {
    report.last = undefined;
    this.send(report);
    if (report.last) return;
    this.reports.delete(jobId);
    if (this.reports.size > 0) return;
    for (const tell of this.onSettled) tell();
    this.onSettled = [];
  }
}

/** Puts a state behind those that are held, and takes those out that need not be told any more. */
function addTo(held: JobState[], state: JobState): void {
  const before = held.at(-1);
  if (before && isProgress(before) && before.startedAt === state.startedAt) held.pop();
  if (state.endedAt !== undefined && isWholeStory(held)) held.length = 0;
  held.push(state);
}

/** Answers who waits for what the job says, where these publications are all of it. */
async function tellStory(report: Report, publications: readonly Publication[]): Promise<void> {
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

/** Nothing of the job is told yet, and its end says when it was submitted and started. A failed attempt stands in the states before the end alone. */
const isWholeStory = (held: readonly JobState[]) => held[0]?.revision === 1 && !held.some(({ error }) => error);
const isProgress = ({ state, progress }: JobState) => state === 'active' && progress !== undefined;
