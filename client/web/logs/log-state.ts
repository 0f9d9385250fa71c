import type { LogLevel, LogLine } from '../../../shared/schemas.js';

/** Lines held at most; older ones are let go. */
export const KEPT_LINES = 20_000;

/** From the least to the most urgent. */
export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const satisfies readonly LogLevel[];

/** One line as it is shown. */
export interface ShownLine {
  /** Unique among the lines held, rising. */
  readonly id: number;
  readonly time: number;
  readonly level: LogLevel | undefined;
  readonly text: string;
  readonly source: string | undefined;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** All of it in lower case, for the filter. */
  readonly haystack: string;
}

export interface LogState {
  /** What is shown, oldest first. */
  readonly lines: readonly ShownLine[];
  /** What came while paused; undefined: not paused. */
  readonly held: readonly ShownLine[] | undefined;
  readonly lastId: number;
  /** Messages were missed. */
  readonly gaps: number;
}

export const EMPTY_LOG: LogState = { lines: [], held: undefined, lastId: 0, gaps: 0 };

export type LogAction =
  /** `time` is for lines that carry none. */
  | { kind: 'lines'; batches: readonly { lines: readonly LogLine[]; time: number }[] }
  | { kind: 'pause' }
  | { kind: 'resume' }
  | { kind: 'clear' }
  | { kind: 'gap' };

export function logReducer(state: LogState, action: LogAction): LogState {
  switch (action.kind) {
    case 'lines': {
      let lastId = state.lastId;
      const fresh = action.batches.flatMap(({ lines, time }) => lines.map((line) => shown(line, ++lastId, time)));
      if (state.held) return { ...state, lastId, held: newest([...state.held, ...fresh]) };
      return { ...state, lastId, lines: newest([...state.lines, ...fresh]) };
    }
    case 'pause':
      return state.held ? state : { ...state, held: [] };
    case 'resume':
      return state.held ? { ...state, lines: newest([...state.lines, ...state.held]), held: undefined } : state;
    case 'clear':
      return { ...state, lines: [], held: state.held && [], gaps: 0 };
    case 'gap':
      return { ...state, gaps: state.gaps + 1 };
  }
}

const newest = (lines: ShownLine[]): ShownLine[] => (lines.length > KEPT_LINES ? lines.slice(-KEPT_LINES) : lines);

function shown(line: LogLine, id: number, received: number): ShownLine {
  const fields = Object.entries(line.fields ?? {}).map(([name, value]) => [name, textOf(value)] as const);
  const { text, level, source, time = received } = line;
  const haystack = [level ?? '', source ?? '', text, ...fields.map(([name, value]) => `${name}=${value}`)].join(' ').toLowerCase();
  return { id, time, level, text, source, fields, haystack };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

export interface LogFilter {
  /** Lines less urgent than this are left out; lines without a level count as `info`. */
  readonly level: LogLevel;
  /** Words that a line must have, all of them; one that starts with a minus must be absent. */
  readonly text: string;
}

export function filterLines(lines: readonly ShownLine[], { level, text }: LogFilter): readonly ShownLine[] {
  const least = LEVELS.indexOf(level);
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '' && word !== '-');
  if (least === 0 && words.length === 0) return lines;
  const wanted = words.filter((word) => !word.startsWith('-'));
  const unwanted = words.filter((word) => word.startsWith('-')).map((word) => word.slice(1));
  return lines.filter(
    (line) =>
      LEVELS.indexOf(line.level ?? 'info') >= least &&
      wanted.every((word) => line.haystack.includes(word)) &&
      !unwanted.some((word) => line.haystack.includes(word)),
  );
}
