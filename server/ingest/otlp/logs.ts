import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { senderIdOf } from '../../auth/principal.js';
import type { IngestService } from '../ingest-service.js';
import { LineMessages } from '../lines/line-messages.js';
import type { ParsedLine } from '../parsed.js';
import type { Intake } from '../serve-bodies.js';
import { attributeText } from './attributes.js';
import { type LogOrigin, lineFromRecord, logOrigin, resourceFields } from './log-line.js';
import type { Batch, LogRecord, Unread } from './model.js';
import { oncePer } from './once.js';
import { OtlpRooms, type ResourcePlace, refuseIfForbidden } from './rooms.js';

/** Records that are read in one go; the event loop has its turn between two of them. */
const SLICE = 200;

/** What the records of one scope have in common. */
interface RecordPlace extends ResourcePlace {
  readonly origin: LogOrigin;
}

/**
 * Takes the log records of one request, in order; one that is refused is named by its place in the request, from 1. A request that comes
 * again is stored once: its messages have the ids that they had.
 */
export class LogsIntake {
  readonly #rooms: OtlpRooms;
  readonly #now: number;
  readonly #fieldsOf = oncePer(resourceFields);
  readonly #messages = new Map<string, LineMessages>();
  readonly #key: string;
  #line = 0;

  constructor(
    private readonly ingest: IngestService,
    private readonly intake: Pick<Intake, 'principal' | 'report'>,
    body: Buffer,
  ) {
    this.#rooms = new OtlpRooms(ingest, intake.principal, 'lines');
    this.#now = ingest.clock.now();
    this.#key = `${senderIdOf(intake.principal)} ${createHash('sha256').update(body).digest('base64url')}`;
  }

  /** @throws HubError as `IngestService.ingestLines`; `forbidden` when the sender may use none of the rooms */
  async take(batches: readonly Batch<Unread<LogRecord>>[]): Promise<void> {
    const { ingest, intake } = this;
    for (const { resource, scope, items } of batches) {
      const place = { origin: logOrigin(this.#fieldsOf(resource), scope), ...this.#rooms.ofResource(resource) };
      for (let at = 0; at < items.length; at += SLICE) {
        await this.#takeSlice(items.slice(at, at + SLICE), place);
        await nextTurn();
      }
    }
    for (const messages of this.#messages.values()) intake.report.add(await messages.end());
    ingest.countRefused('lines', intake.report);
    refuseIfForbidden(intake.report);
  }

  async #takeSlice(records: readonly Unread<LogRecord>[], place: RecordPlace): Promise<void> {
    const byRoom = new Map<string, ParsedLine[]>();
    for (const read of records) {
      this.#line++;
      try {
        const record = read();
        const line = { line: this.#line, entry: lineFromRecord(record, place.origin, this.#now) };
        const room = this.#roomOf(record, place);
        const lines = byRoom.get(room);
        if (lines) lines.push(line);
        else byRoom.set(room, [line]);
      } catch (error) {
        this.intake.report.refuse(this.#line, error);
      }
    }
    for (const [room, lines] of byRoom) this.intake.report.add(await this.#messagesOf(room).take(lines));
  }

  #roomOf({ attributes }: LogRecord, { attribute, origin, room }: RecordPlace): string {
    const labelOf = (key: string) => attributeText(attributes, key) ?? attribute(key) ?? (key === 'source' ? origin.source : undefined);
    return this.#rooms.of(labelOf, room);
  }

  #messagesOf(room: string): LineMessages {
    const { ingest, intake } = this;
    const known = this.#messages.get(room);
    if (known) return known;
    const messages = new LineMessages({
      key: `${this.#key} ${room}`,
      // A record without a time has that of its arrival, and is another one each time.
      mark: (line) => JSON.stringify(line),
      store: (lines, id) => ingest.ingestLines(intake.principal, room, lines, id),
    });
    this.#messages.set(room, messages);
    return messages;
  }
}
