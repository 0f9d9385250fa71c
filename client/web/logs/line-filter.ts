import { fieldText } from '../../../shared/line-field.js';
import type { LineFilter, LogLevel, LogLine } from '../../../shared/schemas.js';
import { matchesGlob } from '../../../shared/series-pattern.js';

/** From the least to the most urgent. */
export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const satisfies readonly LogLevel[];

export type LineTest = (line: LogLine) => boolean;

/** A filter as a reader writes it. */
export interface WrittenFilter {
  /** Lines less urgent than this are left out; lines without a level count as `info`. */
  readonly level: LogLevel;
  /**
   * Words that a line's text must have, all of them, and `field=value` with `*` for any characters; what starts with a minus must be absent.
   * Spaces are kept between quotes.
   */
  readonly text: string;
}

export const NO_FILTER: WrittenFilter = { level: 'trace', text: '' };

/** One part of a written filter: a text, or a field and what it must be. */
type Term = { readonly absent: boolean } & ({ readonly word: string } | { readonly field: string; readonly value: string });

const TERM = /(-?)(?:([\w.@-]+)=)?(?:"([^"]*)"?|(\S+))/g;

export function termsOf(text: string): Term[] {
  return [...text.matchAll(TERM)].flatMap(([, minus, field, quoted, plain]): Term[] => {
    const value = quoted ?? plain ?? '';
    const absent = minus === '-';
    if (field !== undefined && field !== '') return [{ absent, field, value }];
    const word = value.toLowerCase();
    return word === '' || word === '-' ? [] : [{ absent, word }];
  });
}

/** The words that a shown line has, to be marked in it; in lower case. */
export const wordsOf = (text: string): string[] => termsOf(text).flatMap((term) => ('word' in term && !term.absent ? [term.word] : []));

/** The filter's test; undefined when it passes everything. */
export function compileWritten({ level, text }: WrittenFilter): LineTest | undefined {
  const least = LEVELS.indexOf(level);
  const terms = termsOf(text);
  if (least === 0 && terms.length === 0) return undefined;
  return (line) => LEVELS.indexOf(line.level ?? 'info') >= least && terms.every((term) => has(line, term) !== term.absent);
}

function has(line: LogLine, term: Term): boolean {
  if ('word' in term) return line.text.toLowerCase().includes(term.word);
  const value = fieldOf(line, term.field);
  return value !== undefined && matchesGlob(term.value, value);
}

function fieldOf({ source, fields }: LogLine, name: string): string | undefined {
  return name === 'source' ? source : fieldText(fields, name);
}

/** Length of a pattern, stars in it, and fields that the hub takes. */
const HUB = { chars: 200, stars: 8, fields: 16 } as const;
const fits = (pattern: string): boolean => pattern !== '' && pattern.length <= HUB.chars && pattern.split('*').length - 1 <= HUB.stars;

/**
 * What of a filter the hub can hold lines against; it may pass more than the filter, never less.
 * The hub takes one text: the longest word leaves out the most.
 */
export function hubFilter({ level, text }: WrittenFilter): LineFilter {
  const wanted = termsOf(text).filter(({ absent }) => !absent);
  const words = wanted.flatMap((term) => ('word' in term && fits(term.word) && !term.word.includes('*') ? [term.word] : []));
  const fields = wanted.flatMap((term) => ('field' in term && fits(term.value) ? [[term.field, term.value] as const] : []));
  const source = fields.find(([name]) => name === 'source')?.[1];
  const others = Object.fromEntries(fields.filter(([name]) => name !== 'source').slice(0, HUB.fields));
  const longest = words.sort((a, b) => b.length - a.length)[0];
  return {
    ...(level !== 'trace' && { level }),
    ...(longest !== undefined && { text: longest }),
    ...(source !== undefined && { source }),
    ...(Object.keys(others).length > 0 && { fields: others }),
  };
}

/** A filter with one more part: a field that must be, or must not be, as it is in a line. */
export function withField(text: string, name: string, value: string, absent: boolean): string {
  const quoted = /[\s"]/.test(value) ? `"${value.replaceAll('"', '*')}"` : value;
  return `${text} ${absent ? '-' : ''}${name}=${quoted}`.trim();
}
