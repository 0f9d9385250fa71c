import { HubError } from '../../../shared/errors.js';
import type { ParsedRoom, RoomName } from '../../../shared/rooms.js';
import type { LogLine } from '../../../shared/schemas.js';
import type { Clock } from '../../observe/clock.js';
import type { Outbox } from '../outbox.js';
import type { LineSink } from '../sinks.js';

/** The type of the messages that carry log lines. */
export const LINES = 'lines';

export interface LogCoalescerOptions {
  readonly outbox: Outbox;
  readonly clock: Clock;
  /** A batch goes out at whichever comes first. */
  readonly batchMs?: number;
  readonly batchLines?: number;
  readonly batchBytes?: number;
  /** Rooms with lines that are not stored yet. */
  readonly rooms?: number;
}

interface Batch {
  readonly lines: LogLine[];
  bytes: number;
  readonly stored: Promise<void>;
  /** Settles `stored` with what becomes of the message. */
  readonly follow: (message: Promise<void>) => void;
  disarm: () => void;
}

const DEFAULTS = { batchMs: 100, batchLines: 1_000, batchBytes: 128 * 1024, rooms: 10_000 };

/** What a line takes as JSON, roughly; lines of arbitrary fields are measured. */
export function lineBytes({ text, source, fields }: LogLine): number {
  return 60 + Buffer.byteLength(text) + (source?.length ?? 0) + (fields ? JSON.stringify(fields).length : 0);
}

/** Gathers the lines of each room for a moment, and publishes them as one `lines` message. */
export class LogCoalescer implements LineSink {
  readonly #options: LogCoalescerOptions & typeof DEFAULTS;
  readonly #batches = new Map<RoomName, Batch>();

  constructor(options: LogCoalescerOptions) {
    this.#options = { ...DEFAULTS, ...options };
  }

  async add({ room }: ParsedRoom, lines: readonly LogLine[], id?: string): Promise<void> {
    const { outbox, rooms } = this.#options;
    if (outbox.full(room)) throw new HubError('busy', 'lines of the room wait for the store', 1_000);
    if (id !== undefined) return this.#sendOnce(room, lines, id);
    if (!this.#batches.has(room) && this.#batches.size >= rooms) throw new HubError('busy', 'lines of too many rooms wait', 1_000);
    const stored = new Set<Promise<void>>();
    for (const line of lines) stored.add(this.#append(room, line).stored);
    await Promise.all(stored);
  }

  /** Publishes what is gathered, and resolves when it is stored or given up. */
  async flush(): Promise<void> {
    for (const [room, batch] of this.#batches) this.#send(room, batch);
    await this.#options.outbox.idle();
  }

  async #sendOnce(room: RoomName, lines: readonly LogLine[], id: string): Promise<void> {
    // What was added before goes first.
    const batch = this.#batches.get(room);
    if (batch) this.#send(room, batch);
    const bytes = lines.reduce((sum, line) => sum + lineBytes(line), 0);
    if (lines.length > 0) await this.#options.outbox.push(room, LINES, { lines }, bytes, id);
  }

  #append(room: RoomName, line: LogLine): Batch {
    const { clock, batchMs, batchLines, batchBytes } = this.#options;
    let batch = this.#batches.get(room);
    if (!batch) {
      const opened = openBatch();
      opened.disarm = clock.after(batchMs, () => this.#send(room, opened));
      this.#batches.set(room, opened);
      batch = opened;
    }
    batch.lines.push(line);
    batch.bytes += lineBytes(line);
    if (batch.lines.length >= batchLines || batch.bytes >= batchBytes) this.#send(room, batch);
    return batch;
  }

  #send(room: RoomName, batch: Batch): void {
    batch.disarm();
    this.#batches.delete(room);
    batch.follow(this.#options.outbox.push(room, LINES, { lines: batch.lines }, batch.bytes));
  }
}

function openBatch(): Batch {
  let follow: Batch['follow'] = () => {};
  const stored = new Promise<void>((resolve) => {
    follow = resolve;
  });
  // Whoever added lines hears of a failure; nobody may be left, and that must not end the process.
  stored.catch(() => {});
  return { lines: [], bytes: 0, stored, follow, disarm: () => {} };
}
