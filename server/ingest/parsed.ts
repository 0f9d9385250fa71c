import type { LogLine } from '../../shared/schemas.js';
import type { SeriesPoint } from '../../shared/series-name.js';

/** A sample as a format's parser gives it, with where it stood. */
export interface ParsedSample extends SeriesPoint {
  /** From 1: the line of the body, or the place in the list. */
  readonly line: number;
  /** The room that a rule gives it; left out: the one that its sender named. */
  readonly room?: string | undefined;
}

/** A log line as a format's parser gives it, with where it stood. */
export interface ParsedLine {
  readonly line: number;
  readonly entry: LogLine;
}
