/** How a terminal would show a stretch of text. */
export interface AnsiStyle {
  /** Classes of the style sheet: the sixteen colours and the ways of writing. */
  readonly classes: string;
  /** A colour beyond the sixteen, as CSS has it. */
  readonly colour: string | undefined;
}

const WAYS: Readonly<Record<number, string>> = { 1: 'ansi-bold', 2: 'ansi-dim', 3: 'ansi-italic', 4: 'ansi-underline', 9: 'ansi-struck' };
/** What each of these ends. */
const ENDS: Readonly<Record<number, readonly string[]>> = {
  22: ['ansi-bold', 'ansi-dim'],
  23: ['ansi-italic'],
  24: ['ansi-underline'],
  29: ['ansi-struck'],
};

/** Reads the parameters of "select graphic rendition", such as `1;31` or `38;5;208`. Backgrounds are left out. Source: ECMA-48, 8.3.117; ITU-T T.416, 13.1.8. */
export function ansiStyle(sgr: string): AnsiStyle {
  const codes = sgr.split(/[;:]/).map(Number);
  const classes = new Set<string>();
  let colour: string | undefined;
  let index: number | undefined;
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at]!;
    if (code === 0) {
      classes.clear();
      colour = index = undefined;
    } else if (WAYS[code]) classes.add(WAYS[code]);
    else if (ENDS[code]) for (const ended of ENDS[code]) classes.delete(ended);
    else if (code >= 30 && code <= 37) [index, colour] = [code - 30, undefined];
    else if (code >= 90 && code <= 97) [index, colour] = [code - 82, undefined];
    else if (code === 39) colour = index = undefined;
    else if (code === 38 || code === 48) {
      const { used, ...read } = extended(codes.slice(at + 1));
      at += used;
      if (code === 38) ({ index, colour } = read);
    }
  }
  return { classes: [...classes, ...(index === undefined ? [] : [`ansi-${index}`])].join(' '), colour };
}

/** What follows a 38: `5;n`, one of 256 colours, or `2;r;g;b`. */
function extended([way, ...rest]: readonly number[]): { used: number; index: number | undefined; colour: string | undefined } {
  const bytes = rest.map((value) => Math.min(255, Math.max(0, value || 0)));
  if (way === 2) return { used: 4, index: undefined, colour: `rgb(${bytes[0] ?? 0} ${bytes[1] ?? 0} ${bytes[2] ?? 0})` };
  const n = bytes[0] ?? 0;
  if (way !== 5) return { used: 0, index: undefined, colour: undefined };
  return n < 16 ? { used: 2, index: n, colour: undefined } : { used: 2, index: undefined, colour: ofPalette(n) };
}

/** The colours 16 to 255 of the palette: a cube of 6 steps each, then 24 greys. */
function ofPalette(n: number): string {
  if (n >= 232) return `rgb(${[0, 0, 0].map(() => 8 + (n - 232) * 10).join(' ')})`;
  const step = (at: number) => (at === 0 ? 0 : 55 + at * 40);
  const cube = n - 16;
  return `rgb(${step(Math.floor(cube / 36))} ${step(Math.floor(cube / 6) % 6)} ${step(cube % 6)})`;
}
