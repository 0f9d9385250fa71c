import { HubError } from '../../shared/errors.js';
import { type Kinds, type ParsedRoom, parseRoom } from '../../shared/rooms.js';
import { SERIES_CHARS } from '../../shared/series-name.js';
import { may, type Principal } from '../auth/principal.js';
import type { Clock } from '../observe/clock.js';
import { type IngestCounts, IngestReport } from './ingest-report.js';
import { type CheckPayload, checkLine } from './log-lines.js';
import type { ParsedLine, ParsedSample } from './parsed.js';
import type { LineSink, SampleSink } from './sinks.js';

export interface IngestServiceOptions {
  readonly kinds: Kinds;
  readonly clock: Clock;
  readonly samples: SampleSink;
  readonly lines: LineSink;
  readonly checkPayload: CheckPayload;
  /** Counts by outcome: `accepted`, or the code of the error. */
  readonly count: (what: IngestKind, outcome: string, amount: number) => void;
  /** Age of a sample past which it is refused, and how far ahead of the clock one may be. */
  readonly sampleAgeMs?: number;
  readonly sampleAheadMs?: number;
  readonly maxLineBytes?: number;
}

export type IngestKind = 'samples' | 'lines';

const DEFAULTS = { sampleAgeMs: 7 * 86_400_000, sampleAheadMs: 60_000, maxLineBytes: 64 * 1024 };

/** What senders' formats go through, whatever the format: access, bounds, and on into the rooms. */
export class IngestService {
  readonly #options: IngestServiceOptions & typeof DEFAULTS;

  constructor(options: IngestServiceOptions) {
    this.#options = { ...DEFAULTS, ...options };
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  /** Bytes of one line at most, of whatever format. */
  get maxLineBytes(): number {
    return this.#options.maxLineBytes;
  }

  /**
   * The room that a sender means, and what goes into it: metric rooms take samples, all others lines.
   * @throws HubError `unauthorized` when the token has ended, `forbidden` when it does not allow this, else as `parseRoom`
   */
  admit(principal: Principal, room: string): { room: ParsedRoom; takes: IngestKind } {
    const parsed = parseRoom(room, this.#options.kinds);
    if (principal.expiresAt !== undefined && principal.expiresAt <= this.clock.now())
      throw new HubError('unauthorized', 'the token has expired');
    if (!may(principal, 'ingest', parsed)) throw new HubError('forbidden', `the token does not allow to ingest into ${parsed.room}`);
    return { room: parsed, takes: parsed.policy.frameIntervalMs > 0 ? 'samples' : 'lines' };
  }

  /**
   * Takes samples into a metric room; they are published within the room's frame interval.
   * @throws HubError as `admit`; `invalid` for another sort of room; `busy` when the room's samples wait for the store: none was taken
   */
  ingestSamples(principal: Principal, room: string, samples: readonly ParsedSample[]): IngestCounts {
    const parsed = this.#expect('samples', principal, room);
    const now = this.clock.now();
    const report = new IngestReport();
    const intake = this.#options.samples.intake(parsed);
    for (const sample of samples) {
      const fault = this.#faultOf(sample, now) ?? (intake.add(sample.series, sample.value, sample.t) ? undefined : tooManySeries());
      if (fault) report.refuse(sample.line, fault);
      else report.accepted++;
    }
    return this.#counted('samples', report);
  }

  /**
   * Takes lines into a log room; resolves when those that were accepted are in the room's log.
   * @throws HubError as `admit`; `invalid` for another sort of room; `busy` when too many wait, `unavailable` when the store stayed away
   */
  async ingestLines(principal: Principal, room: string, lines: readonly ParsedLine[]): Promise<IngestCounts> {
    const parsed = this.#expect('lines', principal, room);
    const report = new IngestReport();
    const accepted = lines.filter(({ line, entry }) => {
      try {
        checkLine(entry, this.#options);
        return true;
      } catch (error) {
        report.refuse(line, error);
        return false;
      }
    });
    await this.#options.lines.add(
      parsed,
      accepted.map(({ entry }) => entry),
    );
    report.accepted = accepted.length;
    return this.#counted('lines', report);
  }

  /** Counts what a report refused. */
  countRefused(what: IngestKind, report: IngestReport): void {
    for (const [code, refused] of report.byCode) this.#options.count(what, code, refused);
  }

  #expect(what: IngestKind, principal: Principal, room: string): ParsedRoom {
    const admitted = this.admit(principal, room);
    if (admitted.takes !== what) throw new HubError('invalid', `${admitted.room.room} takes ${admitted.takes}, no ${what}`);
    return admitted.room;
  }

  #faultOf({ series, value, t }: ParsedSample, now: number): HubError | undefined {
    const { sampleAgeMs, sampleAheadMs } = this.#options;
    if (!Number.isFinite(value)) return new HubError('invalid', 'the value is no finite number');
    if (!(t >= now - sampleAgeMs && t <= now + sampleAheadMs))
      return new HubError('invalid', `the time ${t} is too far from now (milliseconds since 1970)`);
    if (series.length > SERIES_CHARS)
      return new HubError('too_large', `name and labels of a series have at most ${SERIES_CHARS} characters`);
    return undefined;
  }

  #counted(what: IngestKind, report: IngestReport): IngestCounts {
    if (report.accepted > 0) this.#options.count(what, 'accepted', report.accepted);
    this.countRefused(what, report);
    return report;
  }
}

const tooManySeries = () => new HubError('too_large', 'the room has as many series as it may; the value of another one was left out');
