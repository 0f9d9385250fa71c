import type { LogLine } from '../../../shared/schemas.js';
import type { LineTest } from './line-filter.js';
import { Tail } from './tail.js';

/** Lines held at most; older ones are let go. */
const KEPT_LINES = 50_000;
/** Lines that are held against a new filter at once; the others follow, so that typing is never in their way. */
const SCAN_LINES = 16_000;

/** A line as it is held. */
export interface HeldLine {
  /** Rises by one with each line. */
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly line: LogLine;
}

/** Lines and the time of those that carry none. */
export interface LineBatch {
  readonly lines: readonly LogLine[];
  readonly time: number;
}

/** The newest lines of a log, and those of them that pass a filter. */
export class LogTail {
  readonly #all: Tail<HeldLine>;
  #shown: Tail<HeldLine>;
  #test: LineTest | undefined;
  /** Lines of this id and after it were held against the filter. */
  #scannedFrom = 0;
  #waiting: Tail<HeldLine> | undefined;
  #lastId = 0;

  constructor(private readonly kept = KEPT_LINES) {
    this.#all = new Tail(kept);
    this.#shown = this.#all;
  }

  /** All lines, but those that wait. */
  get length(): number {
    return this.#all.length;
  }

  /** The lines that pass the filter, oldest first. */
  get shown(): Pick<Tail<HeldLine>, 'length' | 'at' | 'slice' | 'firstNot'> {
    return this.#shown;
  }

  /** Lines that came while paused; undefined: not paused. */
  get waiting(): number | undefined {
    return this.#waiting?.length;
  }

  add(batches: readonly LineBatch[]): void {
    for (const { lines, time } of batches) {
      for (const line of lines) {
        const held = { id: ++this.#lastId, time: line.time ?? time, line };
        if (this.#waiting) this.#waiting.push(held);
        else this.#append(held);
      }
    }
    this.#forget();
  }

  pause(): void {
    this.#waiting ??= new Tail(this.kept);
  }

  resume(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    for (const held of waiting?.slice(0, waiting.length) ?? []) this.#append(held);
    this.#forget();
  }

  clear(): void {
    this.#all.drop(this.#all.length);
    if (this.#waiting) this.#waiting = new Tail(this.kept);
    this.#forget();
  }

  /** Shows the lines that pass a test, the newest at once and older ones by `scan`; undefined: all of them. */
  filter(test: LineTest | undefined): void {
    this.#test = test;
    this.#shown = test ? new Tail(this.kept) : this.#all;
    this.#scannedFrom = this.#lastHeld + 1;
    this.scan();
  }

  /** Holds older lines against the filter; false when there are no more. */
  scan(): boolean {
    if (!this.#test) return false;
    const end = this.#all.firstNot(({ id }) => id < this.#scannedFrom);
    const first = Math.max(0, end - SCAN_LINES);
    const test = this.#test;
    this.#shown.unshift(this.#all.slice(first, end).filter(({ line }) => test(line)));
    this.#scannedFrom = this.#all.at(first)?.id ?? this.#scannedFrom;
    return first > 0;
  }

  get #lastHeld(): number {
    return this.#all.at(this.#all.length - 1)?.id ?? 0;
  }

  #append(held: HeldLine): void {
    this.#all.push(held);
    if (this.#test?.(held.line)) this.#shown.push(held);
  }

  /** What is not held any more is not shown either. */
  #forget(): void {
    if (this.#shown === this.#all) return;
    const oldest = this.#all.at(0)?.id ?? Number.POSITIVE_INFINITY;
    this.#shown.drop(this.#shown.firstNot(({ id }) => id < oldest));
  }
}
