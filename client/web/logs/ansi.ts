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

/** A colour: one of the sixteen by its number, any other as CSS has it, or none of its own. */
interface Ink {
  readonly index?: number;
  readonly colour?: string;
}

/** Reads the parameters of "select graphic rendition", such as `1;31` or `38;5;208`. Backgrounds are left out. Source: ECMA-48, 8.3.117; ITU-T T.416, 13.1.8. */
export function ansiStyle(sgr: string): AnsiStyle {
  const codes = sgr.split(/[;:]/).map(Number);
  const ways = new Set<string>();
  let ink: Ink = {};
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at]!;
    if (code === 38 || code === 48) {
      const extended = extendedInk(codes.slice(at + 1));
      at += extended.used;
      if (code === 38) ink = extended.ink;
    } else {
      changeWays(ways, code);
      ink = inkOf(code) ?? ink;
    }
  }
  const { index, colour } = ink;
  return { classes: [...ways, ...(index === undefined ? [] : [`ansi-${index}`])].join(' '), colour };
}

function changeWays(ways: Set<string>, code: number): void {
  if (code === 0) ways.clear();
  if (WAYS[code]) ways.add(WAYS[code]);
  for (const ended of ENDS[code] ?? []) ways.delete(ended);
}

/** Undefined for a code that changes no colour. */
function inkOf(code: number): Ink | undefined {
  if (code === 0 || code === 39) return {};
  if (code >= 30 && code <= 37) return { index: code - 30 };
  return code >= 90 && code <= 97 ? { index: code - 82 } : undefined;
}

/** What follows a 38: `5;n`, one of 256 colours, or `2;r;g;b`; and how many codes that takes. */
function extendedInk([way, ...rest]: readonly number[]): { used: number; ink: Ink } {
  const [first = 0, second = 0, third = 0] = rest.map((value) => Math.min(255, Math.max(0, value || 0)));
  if (way === 2) return { used: 4, ink: { colour: `rgb(${first} ${second} ${third})` } };
  if (way !== 5) return { used: 0, ink: {} };
  return { used: 2, ink: first < 16 ? { index: first } : { colour: ofPalette(first) } };
}

/** The colours 16 to 255 of the palette: a cube of 6 steps each, then 24 greys. */
function ofPalette(n: number): string {
  if (n >= 232) return `rgb(${[0, 0, 0].map(() => 8 + (n - 232) * 10).join(' ')})`;
  const step = (at: number) => (at === 0 ? 0 : 55 + at * 40);
  const cube = n - 16;
  return `rgb(${step(Math.floor(cube / 36))} ${step(Math.floor(cube / 6) % 6)} ${step(cube % 6)})`;
}
