import { createHash } from 'node:crypto';
import type { LogLine } from '../../../shared/schemas.js';
import { type IngestCounts, IngestReport } from '../ingest-report.js';
import type { ParsedLine } from '../parsed.js';
import { lineBytes } from './log-coalescer.js';

/** A message is full at whichever comes first. */
const MESSAGE_LINES = 500;
const MESSAGE_BYTES = 128 * 1024;

export interface LineMessagesOptions {
  /** What a repetition has in common with the first time: the sender's key. */
  readonly key: string;
  /** What makes a line this one. Default: its text and fields; a time may be that of its arrival. */
  readonly mark?: (line: LogLine) => string;
  /** Stores the lines as one message of that id. */
  readonly store: (lines: readonly ParsedLine[], id: string) => Promise<IngestCounts>;
}

const textAndFields = ({ text, fields }: LogLine): string => (fields ? `${text}\0${JSON.stringify(fields)}` : text);

/**
 * Cuts the lines of a body into messages by nothing but what they are, so that a body that comes again makes the same messages, of the same ids,
 * and is not stored twice. Messages are stored one after the other, and none behind one that was not: a repetition keeps the order too.
 */
export class LineMessages {
  #waiting: ParsedLine[] = [];
  #bytes = 0;
  #index = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: LineMessagesOptions) {}

  /** Resolves with what became of the messages that are full with these lines, once they are stored. */
  async take(lines: readonly ParsedLine[]): Promise<IngestCounts> {
    const full: Promise<IngestCounts>[] = [];
    for (const line of lines) {
      this.#waiting.push(line);
      this.#bytes += lineBytes(line.entry);
      if (this.#waiting.length >= MESSAGE_LINES || this.#bytes >= MESSAGE_BYTES) full.push(this.#store());
    }
    const report = new IngestReport();
    for (const counts of await Promise.all(full)) report.add(counts);
    return report;
  }

  /** Stores the rest. */
  end(): Promise<IngestCounts> {
    return this.#waiting.length > 0 ? this.#store() : Promise.resolve(new IngestReport());
  }

  #store(): Promise<IngestCounts> {
    const lines = this.#waiting;
    const id = this.#idOf(lines);
    this.#waiting = [];
    this.#bytes = 0;
    const stored = this.#last.then(() => this.options.store(lines, id));
    this.#last = stored;
    return stored;
  }

  /** The lines count too: a key that is used for another body hides none of it. */
  #idOf(lines: readonly ParsedLine[]): string {
    const { key, mark = textAndFields } = this.options;
    const hash = createHash('sha256').update(`${key}\0${this.#index++}`);
    for (const { entry } of lines) hash.update(`\n${mark(entry)}`);
    return hash.digest('base64url');
  }
}
