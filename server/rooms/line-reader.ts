import { formatPosition, type PositionParts } from '../../shared/position.js';
import type { LineBatch } from '../../shared/protocol.js';
import type { LogEntry } from '../log/room-log.js';
import type { Cursor, CursorTarget } from './cursor.js';
import type { LineGroup } from './line-group.js';

/** Where a reader's lines go. */
export interface LineSink {
  /** False: full for now. */
  lines(batch: LineBatch): boolean;
  gap(at: PositionParts): void;
  /** Takes the reader to where its group speaks to it; the function takes it away again. */
  join(): () => void;
}

/** A cursor's target that sees the room through a filter: from the log alone, live with its group. */
export class LineReader implements CursorTarget {
  /** The group's count when the reader was live last; undefined where what it misses is not known by that. */
  #countAtLeave: number | undefined;
  #skips = false;

  /** @param at where the cursor begins */
  constructor(
    private readonly group: LineGroup,
    private readonly sink: LineSink,
    private at: PositionParts,
  ) {}

  /**
   * Instead of what was missed since the reader was live last, it is told how many lines those were, with the newest of them, and goes on live.
   * To be followed by the cursor's `resume`. Gives the messages that it passes over; undefined where it has to read the log.
   */
  skip(cursor: Cursor): number | undefined {
    if (this.#countAtLeave === undefined) return undefined;
    const passed = cursor.skipToEnd();
    this.#skips = passed !== undefined;
    return passed;
  }

  entries(batch: readonly LogEntry[]): boolean {
    const last = batch.at(-1);
    if (!last) return true;
    this.#countAtLeave = undefined;
    return this.#give(
      last,
      batch.flatMap((entry) => this.group.passing(entry)),
    );
  }

  live(): () => void {
    this.group.settle();
    if (this.#skips) this.#tellSkipped();
    const leave = this.sink.join();
    return () => {
      leave();
      this.at = this.group.stands;
      this.#countAtLeave = this.group.count;
    };
  }

  stands(): PositionParts {
    return this.group.stands;
  }

  gap(at: PositionParts): void {
    this.at = at;
    this.#countAtLeave = undefined;
    this.sink.gap(at);
  }

  #tellSkipped(): void {
    this.#skips = false;
    const missed = this.group.count - (this.#countAtLeave ?? this.group.count);
    const lines = this.group.newest(missed);
    this.#give(this.group.stands, lines, missed - lines.length);
  }

  #give(upTo: PositionParts, lines: LineBatch['lines'], skipped = 0): boolean {
    const after = formatPosition(this.at.epoch, this.at.seq);
    this.at = { epoch: upTo.epoch, seq: upTo.seq };
    const position = formatPosition(upTo.epoch, upTo.seq);
    return this.sink.lines({ room: this.group.room, after, position, lines, ...(skipped > 0 && { skipped }) });
  }
}
