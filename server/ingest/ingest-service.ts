import { HubError } from '../../shared/errors.js';
import { type Kinds, type ParsedRoom, parseRoom } from '../../shared/rooms.js';
import { may, type Principal, senderIdOf } from '../auth/principal.js';
import type { Clock } from '../observe/clock.js';
import { type IngestCounts, IngestReport } from './ingest-report.js';
import { type CheckPayload, checkLine } from './lines/log-lines.js';
import type { ParsedLine, ParsedSample } from './parsed.js';
import { faultOf, type SampleTimes, TOO_MANY_SERIES } from './sample-faults.js';
import { SenderRooms } from './sender-rooms.js';
import type { LineSink, SampleIntake, SampleSink } from './sinks.js';

export interface IngestServiceOptions {
  readonly kinds: Kinds;
  readonly clock: Clock;
  readonly samples: SampleSink;
  readonly lines: LineSink;
  readonly checkPayload: CheckPayload;
  /** Which sender's series and lines go where; left out: each where its sender's default is. */
  readonly rooms?: SenderRooms;
  /** Counts by outcome: `accepted`, the code of the error, or what it was that was left out. */
  readonly count: (what: IngestKind, outcome: string, amount: number) => void;
  /** How many samples were refused because their sender has too many series in a room. */
  readonly onSeriesRefused?: (samples: number, sender: string) => void;
  /** Age of a sample past which it is refused, and how far ahead of the clock one may be. */
  readonly sampleAgeMs?: number;
  readonly sampleAheadMs?: number;
  readonly maxLineBytes?: number;
}

export type IngestKind = 'samples' | 'lines';

/** A series of which its sender says that it gets no more samples. */
export interface EndedSeries {
  readonly room: string;
  readonly series: string;
}

/** Characters of a series' name in a message at most. */
const SERIES_SHOWN = 200;

const DEFAULTS = { sampleAgeMs: 7 * 86_400_000, sampleAheadMs: 60_000, maxLineBytes: 64 * 1024, rooms: new SenderRooms() };

/** What senders' formats go through, whatever the format: access, bounds, and on into the rooms. */
export class IngestService {
  readonly #options: IngestServiceOptions & typeof DEFAULTS;

  constructor(options: IngestServiceOptions) {
    this.#options = { ...DEFAULTS, ...options };
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  get rooms(): SenderRooms {
    return this.#options.rooms;
  }

  /** Bytes of one line at most, of whatever format. */
  get maxLineBytes(): number {
    return this.#options.maxLineBytes;
  }

  /** Times that a sample may have now. */
  get sampleTimes(): SampleTimes {
    const now = this.clock.now();
    return { from: now - this.#options.sampleAgeMs, to: now + this.#options.sampleAheadMs };
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
   * Takes samples into the metric room that each names, or else into `room`; they are published within the rooms' frame interval.
   * @throws HubError as `admit`; `invalid` for another sort of room; `busy` when a room's samples wait for the store: none was taken
   */
  ingestSamples(principal: Principal, room: string, samples: readonly ParsedSample[]): IngestCounts {
    const times = this.sampleTimes;
    const report = new IngestReport();
    const intakeOf = this.#openRooms(principal, room, samples);
    let pastLimit = 0;
    for (const sample of samples) {
      const fault = faultOf(sample, times) ?? (intakeOf(sample).add(sample.series, sample.value, sample.t) ? undefined : TOO_MANY_SERIES);
      if (!fault) report.accepted++;
      else report.refuseFor(sample.line, fault.code, () => `${sample.series.slice(0, SERIES_SHOWN)}: ${fault.why(sample)}`);
      if (fault === TOO_MANY_SERIES) pastLimit++;
    }
    if (pastLimit > 0) this.#options.onSeriesRefused?.(pastLimit, senderIdOf(principal));
    return this.#counted('samples', report);
  }

  /** The sender says that these series have ended: they no longer count among those that it may have. */
  endSeries(principal: Principal, ended: readonly EndedSeries[]): void {
    for (const { room, series } of ended)
      this.#options.samples.intake(this.#expect('samples', principal, room), senderIdOf(principal)).end(series);
  }

  /**
   * Takes lines into a log room; resolves when those that were accepted are in the room's log.
   * @param id see `LineSink.add`
   * @throws HubError as `admit`; `invalid` for another sort of room; `busy` when too many wait, `unavailable` when the store stayed away
   */
  async ingestLines(principal: Principal, room: string, lines: readonly ParsedLine[], id?: string): Promise<IngestCounts> {
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
      id,
    );
    report.accepted = accepted.length;
    return this.#counted('lines', report);
  }

  /** Counts what a sender's protocol holds and a room does not, by a word of its own. */
  countLeftOut(what: IngestKind, outcome: string, amount: number): void {
    if (amount > 0) this.#options.count(what, outcome, amount);
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

  /** Opens each room that the samples go into, before the first of them is taken. */
  #openRooms(principal: Principal, room: string, samples: readonly ParsedSample[]): (sample: ParsedSample) => SampleIntake {
    const open = (name: string) => this.#options.samples.intake(this.#expect('samples', principal, name), senderIdOf(principal));
    const intakes = new Map<string, SampleIntake>();
    let at: string | undefined;
    let intake: SampleIntake | undefined;
    const intakeOf = ({ room: own = room }: ParsedSample): SampleIntake => {
      // Samples of one room mostly come one after the other.
      if (own === at && intake) return intake;
      intake = intakes.get(own) ?? open(own);
      intakes.set(own, intake);
      at = own;
      return intake;
    };
    for (const sample of samples) intakeOf(sample);
    return intakeOf;
  }

  #counted(what: IngestKind, report: IngestReport): IngestCounts {
    if (report.accepted > 0) this.#options.count(what, 'accepted', report.accepted);
    this.countRefused(what, report);
    return report;
  }
}
