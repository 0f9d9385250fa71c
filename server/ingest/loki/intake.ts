import { setImmediate as nextTurn } from 'node:timers/promises';
import { HubError } from '../../../shared/errors.js';
import type { IngestCounts } from '../ingest-report.js';
import type { IngestService } from '../ingest-service.js';
import { LineMessages } from '../lines/line-messages.js';
import type { ParsedLine } from '../parsed.js';
import type { Intake } from '../serve-bodies.js';
import { lineOfEntry, roomLabelOf } from './line.js';
import { type LokiEntry, type LokiStream, showLabels } from './push.js';

/** Ages within which Loki itself takes entries by default. Source: `reject_old_samples_max_age`, `creation_grace_period`. */
const AGE_MS = 7 * 86_400_000;
const AHEAD_MS = 10 * 60_000;
const LABELS = 64;
const LABEL_CHARS = 8 * 1024;
/** Characters of labels in one push, counted for each entry: every line has them as fields. */
const PUSH_LABEL_CHARS = 64 * 1024 * 1024;
const ROOMS = 100;
/** Entries that are read in one go. */
const SLICE = 200;

interface NumberedStream extends LokiStream {
  /** Entries of the push before it. */
  readonly before: number;
}

/**
 * Takes the streams of one push into their rooms; what is refused is named by stream, and by its place among all entries, from 1. A push that
 * comes again is stored once, as in Loki: an entry is what its time, labels and text are.
 */
export class LokiIntake {
  readonly #messages = new Map<string, LineMessages>();
  readonly #streams: NumberedStream[] = [];

  constructor(
    private readonly ingest: IngestService,
    private readonly intake: Pick<Intake, 'principal' | 'report'>,
  ) {}

  /** @throws HubError as `IngestService.ingestLines`, `too_large` */
  async take(streams: readonly LokiStream[]): Promise<void> {
    const { ingest, intake } = this;
    let before = 0;
    let labelChars = 0;
    for (const stream of streams) {
      this.#streams.push({ ...stream, before });
      before += stream.entries.length;
      labelChars += charsOf(stream.labels) * stream.entries.length;
    }
    if (labelChars > PUSH_LABEL_CHARS) throw new HubError('too_large', 'the push has too many entries with too many labels');
    for (const stream of this.#streams) await this.#takeStream(stream);
    for (const messages of this.#messages.values()) intake.report.add(await messages.end());
    ingest.countRefused('lines', intake.report);
  }

  async #takeStream(stream: NumberedStream): Promise<void> {
    const { report } = this.intake;
    const { labels, entries, before } = stream;
    if (entries.length === 0) return;
    let messages: LineMessages;
    try {
      checkLabels(labels);
      messages = this.#messagesOf(this.ingest.rooms.roomOf('lines', (key) => labels.get(key), roomLabelOf(labels)));
    } catch (error) {
      if (!(error instanceof HubError) || error.code === 'unauthorized') throw error;
      return report.refuseFor(before + 1, error.code, () => `stream '${showLabels(labels)}': ${error.message}`, entries.length);
    }
    for (let at = 0; at < entries.length; at += SLICE) {
      const lines = entries.slice(at, at + SLICE).flatMap((entry, i) => this.#lineOf(entry, stream, before + at + i + 1));
      report.add(await messages.take(lines));
      await nextTurn();
    }
  }

  #lineOf(entry: LokiEntry, { labels }: NumberedStream, line: number): ParsedLine[] {
    const fault = faultOf(entry, this.ingest.clock.now());
    if (!fault) return [{ line, entry: lineOfEntry(entry, labels) }];
    this.intake.report.refuseFor(line, 'invalid', () => `entry for stream '${showLabels(labels)}' ${fault}`);
    return [];
  }

  /** @throws HubError as `IngestService.admit`, `too_large` past as many rooms as one push may be for */
  #messagesOf(room: string): LineMessages {
    const known = this.#messages.get(room);
    if (known) return known;
    const { ingest, intake } = this;
    ingest.admit(intake.principal, room);
    if (this.#messages.size >= ROOMS) throw new HubError('too_large', `a push is for at most ${ROOMS} rooms`);
    const messages = new LineMessages({
      key: `loki ${room}`,
      mark: (line) => JSON.stringify(line),
      store: async (lines, id) => this.#named(await ingest.ingestLines(intake.principal, room, lines, id)),
    });
    this.#messages.set(room, messages);
    return messages;
  }

  /** Refusals with the stream that each is of. */
  #named(counts: IngestCounts): IngestCounts {
    const streamOf = (line: number) => this.#streams.findLast(({ before }) => before < line)?.labels ?? new Map();
    const errors = counts.errors.map((error) => ({
      ...error,
      message: `entry for stream '${showLabels(streamOf(error.line))}': ${error.message}`,
    }));
    return { ...counts, errors };
  }
}

function charsOf(labels: LokiStream['labels']): number {
  let chars = 0;
  for (const [name, value] of labels) chars += name.length + value.length;
  return chars;
}

function checkLabels(labels: LokiStream['labels']): void {
  if (labels.size > LABELS) throw new HubError('too_large', `${labels.size} labels; at most ${LABELS}`);
  const chars = charsOf(labels);
  if (chars > LABEL_CHARS) throw new HubError('too_large', `labels of ${chars} characters; at most ${LABEL_CHARS}`);
}

/** Why an entry is not taken, in Loki's words where it has some. */
function faultOf({ time }: LokiEntry, now: number): string | undefined {
  if (!Number.isFinite(time)) return 'has no timestamp';
  if (time < now - AGE_MS) return `has timestamp too old: ${iso(time)}, oldest acceptable timestamp is: ${iso(now - AGE_MS)}`;
  return time > now + AHEAD_MS ? `has timestamp too new: ${iso(time)}` : undefined;
}

/** A time, or its number where it is in no year that has a name. */
const iso = (time: number): string => (Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : String(time));
