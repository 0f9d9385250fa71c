// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII, all of it
const ASCII = /^[\x00-\x7f]*$/;
const MARKS = /\p{M}+/gu;
const FINAL_SIGMA = /ς/g;
const WORD = /[\p{L}\p{N}]+/gu;

/** A text without case, accents and compatibility forms: two texts that people read as the same words fold to the same. */
export function fold(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  // Through upper case, because ß has no other way to ss; and a sigma at a word's end is still a sigma.
  return text
    .normalize('NFKD')
    .replace(MARKS, '')
    .toUpperCase()
    .toLowerCase()
    .normalize('NFKD')
    .replace(MARKS, '')
    .replace(FINAL_SIGMA, 'σ');
}

/** The distinct words of a text, folded. */
export function wordsOf(text: string): string[] {
  return [...new Set(fold(text).match(WORD) ?? [])];
}
