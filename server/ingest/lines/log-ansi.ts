/** A stretch of a text that a terminal would show in some way: from, to (UTF-16 units, end exclusive), and the SGR parameters in force (`1;31`). */
export type AnsiSpan = readonly [from: number, to: number, sgr: string];

export interface CleanText {
  readonly text: string;
  /** Ascending, without overlaps. */
  readonly spans: readonly AnsiSpan[];
}

const ESCAPE = '\u001b';
/** The same as one character, as 8-bit terminals have it. */
const CSI = '\u009b';
/**
 * Control sequences (CSI), strings with their end (OSC, DCS and the like), and short escapes; an escape that begins none is taken out alone.
 * No part can match what the next begins with, so the time grows with the length only. Source: ECMA-48, 5.3 to 5.6.
 */
const SEQUENCE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  /(?:\u001b\[|\u009b)([0-?]*)[ -/]*([@-~])|\u001b[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[ -/]*[0-~]?|\u009b/g;

/** Bounds of what one line may keep beside its text: past them it is still clean, but stays without its colours. */
const COLOURED_CHARS = 16 * 1024;
const SPANS = 200;
const SGR_CHARS = 64;

/** Takes the escape sequences of terminals out of a text, and tells where its colours were. */
export function splitAnsi(given: string): CleanText {
  if (!given.includes(ESCAPE) && !given.includes(CSI)) return { text: given, spans: [] };
  const spans: AnsiSpan[] = [];
  const most = given.length <= COLOURED_CHARS ? SPANS : 0;
  let text = '';
  let style = '';
  let from = 0;
  const take = (part: string) => {
    if (part !== '' && style !== '' && spans.length < most) spans.push([text.length, text.length + part.length, style]);
    text += part;
  };
  for (const { 0: sequence, 1: parameters, 2: final, index } of given.matchAll(SEQUENCE)) {
    take(given.slice(from, index));
    from = index + sequence.length;
    if (final === 'm') style = styleAfter(style, parameters ?? '');
  }
  take(given.slice(from));
  return { text, spans };
}

/** What is in force after one more "select graphic rendition": nothing, or a 0 in front, ends all that was before. */
function styleAfter(style: string, parameters: string): string {
  if (!/^[\d;:]*$/.test(parameters)) return style;
  const reset = /^0*(?:;|$)/.exec(parameters)?.[0];
  const added = parameters.slice(reset?.length ?? 0, (reset?.length ?? 0) + SGR_CHARS);
  if (reset !== undefined || style === '') return added;
  const both = `${style};${added}`;
  return both.length <= SGR_CHARS ? both : added;
}
