import { HubError } from '../../shared/errors.js';
import { fieldText } from '../../shared/line-field.js';
import { type LineFilter, LOG_LEVELS, type LogLevel, type LogLine } from '../../shared/schemas.js';
import { matchesGlob } from '../../shared/series-pattern.js';
import type { LogEntry } from '../log/room-log.js';

/** The type of the messages that carry log lines. */
const LINES = 'lines';
/** What a line without a level counts as. */
const UNNAMED_LEVEL: LogLevel = 'info';
/** Stars in one pattern: they bound what a match costs. */
const PATTERN_STARS = 8;

export type LineTest = (line: LogLine) => boolean;

/** Two filters that pass the same lines by their form have one key. */
export function filterKey({ level, text, source, fields = {} }: LineFilter): string {
  const sorted = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([level ?? '', text?.toLowerCase() ?? '', source ?? '', sorted]);
}

/**
 * Makes a filter's test. It is made of text searches alone: what one line costs is bounded by the line's length times the stars.
 * @throws HubError `invalid` for a pattern with too many stars
 */
export function compileFilter({ level, text, source, fields = {} }: LineFilter): LineTest {
  const tests: LineTest[] = [];
  if (level) tests.push(levelTest(level));
  if (source) tests.push(patternTest(source, (line) => line.source));
  for (const [name, pattern] of Object.entries(fields)) tests.push(patternTest(pattern, (line) => fieldText(line.fields, name)));
  // Last: it looks at every character.
  if (text) tests.push(patternTest(`*${text.toLowerCase()}*`, (line) => line.text.toLowerCase()));
  return (line) => tests.every((passes) => passes(line));
}

/** The lines that an entry of the log carries: none where it carries something else. */
export function linesOf({ message: { type, data } }: LogEntry): readonly LogLine[] {
  const lines: unknown = type === LINES && typeof data === 'object' && data !== null && 'lines' in data ? data.lines : undefined;
  return Array.isArray(lines) ? lines.filter(isLine) : [];
}

/** Whoever may write into a room may write anything under that name. */
const isLine = (line: unknown): line is LogLine => typeof line === 'object' && line !== null && typeof (line as LogLine).text === 'string';

function levelTest(least: LogLevel): LineTest {
  const passing: ReadonlySet<unknown> = new Set(LOG_LEVELS.slice(LOG_LEVELS.indexOf(least)));
  return ({ level = UNNAMED_LEVEL }) => passing.has(level);
}

function patternTest(pattern: string, textOf: (line: LogLine) => string | undefined): LineTest {
  // The two around a text are ours.
  if (pattern.split('*').length - 1 > PATTERN_STARS + 2) throw new HubError('invalid', `a pattern has at most ${PATTERN_STARS} stars`);
  return (line) => {
    const text = textOf(line);
    return text !== undefined && matchesGlob(pattern, text);
  };
}
