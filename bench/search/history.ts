/** The room whose history is read. */
export const HISTORY_ROOM = 'chat:history';
/** The word that is searched for: so many messages of the history have it, all at the same distance, none of them at an end. */
export const NEEDLE = 'needle';
export const NEEDLES = 50;

const WORDS = 'the quick brown fox jumps over a lazy dog while nobody looks at what it does there today'.split(' ');
const TEXT_WORDS = 12;

/** What the n-th of so many messages says, from 0: a text like any other, the same for the same number. */
export function textOf(n: number, messages: number): string {
  const words = Array.from({ length: TEXT_WORDS }, (_, place) => WORDS[(n * 31 + place * place * 7 + (n >> 5)) % WORDS.length]);
  return `${words.join(' ')}${hasNeedle(n, messages) ? ` ${NEEDLE}` : ''} ${n}`;
}

/** What a search must find, newest first. */
export function needleTexts(messages: number): string[] {
  const part = partOf(messages);
  return Array.from({ length: NEEDLES }, (_, place) => textOf(placeIn(part) + place * part, messages)).reverse();
}

function hasNeedle(n: number, messages: number): boolean {
  const part = partOf(messages);
  return n % part === placeIn(part) && n < NEEDLES * part;
}

const partOf = (messages: number) => Math.floor(messages / NEEDLES);
const placeIn = (part: number) => Math.floor(part / 2);
