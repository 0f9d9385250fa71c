import type { LogLine } from '../../../shared/schemas.js';
import { type AnsiStyle, ansiStyle } from './ansi.js';

/** A stretch of a line's text that looks the same all through. */
export interface Segment {
  readonly text: string;
  readonly style: AnsiStyle | undefined;
  /** It is what the reader searches for. */
  readonly marked: boolean;
}

/** Characters of one line that a row shows: nobody reads further, and the page need not lay it out. */
const ROW_CHARS = 1000;

/** The colours that a line's text had in a terminal: stretches of it, from and to, and what was in force there. */
type AnsiSpan = readonly [from: number, to: number, sgr: string];

/** A line's text cut where its colours change and around the words that are searched for, these in lower case. */
export function segmentsOf({ text, fields }: LogLine, words: readonly string[]): Segment[] {
  const shown = text.length > ROW_CHARS ? `${text.slice(0, ROW_CHARS)}…` : text;
  const spans = ansiSpans(fields?.ansi);
  const marks = words.flatMap((word) => occurrences(shown.toLowerCase(), word));
  if (spans.length === 0 && marks.length === 0) return [{ text: shown, style: undefined, marked: false }];
  const cuts = [...new Set([0, shown.length, ...spans.flatMap((span) => [span[0], span[1]]), ...marks.flat()])]
    .filter((cut) => cut <= shown.length)
    .sort((a, b) => a - b);
  return cuts.slice(1).map((to, i) => {
    const from = cuts[i]!;
    const covers = ([start, end]: readonly [number, number, ...unknown[]]) => start <= from && to <= end;
    const span = spans.find(covers);
    return { text: shown.slice(from, to), style: span && ansiStyle(span[2]), marked: marks.some(covers) };
  });
}

function occurrences(text: string, word: string): (readonly [from: number, to: number])[] {
  const found: (readonly [number, number])[] = [];
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) found.push([at, at + word.length]);
  return found;
}

/** Whoever may write a line may write anything under that name. */
function ansiSpans(given: unknown): readonly AnsiSpan[] {
  if (!Array.isArray(given)) return [];
  return given.filter(
    (span) => Array.isArray(span) && Number.isInteger(span[0]) && Number.isInteger(span[1]) && typeof span[2] === 'string',
  );
}

/** The fields of a line to be read, as text; colours are seen. */
export function fieldTexts({ fields = {} }: LogLine): (readonly [name: string, value: string])[] {
  return Object.entries(fields)
    .filter(([name]) => name !== 'ansi')
    .map(([name, value]) => [name, typeof value === 'string' ? value : (JSON.stringify(value) ?? '')]);
}
