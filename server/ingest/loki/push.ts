import { HubError } from '../../../shared/errors.js';

/** One entry of a stream. */
export interface LokiEntry {
  /** Milliseconds since 1970; NaN where it could not be read. */
  readonly time: number;
  readonly line: string;
  /** Structured metadata. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Entries with the same labels. */
export interface LokiStream {
  /** By name, in their order. A map: a sender chooses the names. */
  readonly labels: ReadonlyMap<string, string>;
  readonly entries: readonly LokiEntry[];
}

/** Streams and entries of one push, together: each of a few million empty ones takes far more memory and time than it has bytes. */
const PUSH_ITEMS = 100_000;

/** @throws HubError `too_large` for more streams and entries than one push may have */
export function checkItems(items: number): void {
  if (items > PUSH_ITEMS) throw new HubError('too_large', `a push has at most ${PUSH_ITEMS} streams and entries`);
}

const LABEL = /\s*([A-Za-z_][\w.:]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|$)/y;
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U00([0-9a-fA-F]{6})|([0-7]{3})|(.))/gs;
/** Of a value with escapes that JSON does not know: each takes a microsecond. */
const ESCAPED_CHARS = 64 * 1024;
const CONTROLS: Readonly<Record<string, string>> = { a: '\u0007', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** Labels as Prometheus writes them: `{job="api", path="/a\"b"}`, the values quoted as in Go. Undefined for any other text. */
export function parseLabels(text: string): Map<string, string> | undefined {
  const trimmed = text.trim();
  if (!trimmed.startsWith('{') || !trimmed.endsWith('}')) return undefined;
  const inner = trimmed.slice(1, -1).trimEnd();
  const labels = new Map<string, string>();
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < inner.length) {
    const [, name, quoted] = LABEL.exec(inner) ?? [];
    const value = quoted === undefined ? undefined : unquoted(quoted);
    if (name === undefined || value === undefined) return undefined;
    labels.set(name, value);
  }
  return labels;
}

/** Undefined: too long for what only Go escapes in that way. */
function unquoted(text: string): string | undefined {
  if (!text.includes('\\')) return text;
  try {
    // Most of what Go escapes, JSON does alike, and much faster.
    return JSON.parse(`"${text}"`);
  } catch {
    return text.length <= ESCAPED_CHARS ? unescaped(text) : undefined;
  }
}

function unescaped(text: string): string {
  return text.replace(ESCAPE, (_, byte, unit, point, octal, char: string) => {
    const code = Number.parseInt(byte ?? unit ?? point ?? '', 16);
    if (!Number.isNaN(code)) return code <= 0x10_ff_ff ? String.fromCodePoint(code) : '\u{fffd}';
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
    return CONTROLS[char] ?? char;
  });
}

const SHOWN_CHARS = 300;

/** The labels for a message to their sender. */
export function showLabels(labels: ReadonlyMap<string, string>): string {
  const shown = `{${Array.from(labels, ([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`;
  return shown.length <= SHOWN_CHARS ? shown : `${shown.slice(0, SHOWN_CHARS)}…`;
}
