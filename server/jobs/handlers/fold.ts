// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII, all of it
const ASCII = /^[\x00-\x7f]*$/;
/**
 * Marks that a text is read the same without: accents of Latin, Greek and Cyrillic, points of Hebrew and Arabic. In other scripts a mark makes
 * another letter: か is not が, कि is not का.
 */
const ACCENTS = /(?:(?=\p{M})[\p{Script=Inherited}\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Cyrillic}](?<![\u3099\u309a]))+/gu;
const FINAL_SIGMA = /ς/g;
const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu;

/** A text without case, accents and compatibility forms: two texts that people read as the same words fold to the same. */
export function fold(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  // Through upper case, because ß has no other way to ss; and a sigma at a word's end is still a sigma.
  return (
    text
      .normalize('NFKD')
      .replace(ACCENTS, '')
      .toUpperCase()
      .toLowerCase()
      .normalize('NFKD')
      .replace(ACCENTS, '')
      .replace(FINAL_SIGMA, 'σ')
      // Composed again, so that a letter is not found in another one: ㅎㅏ is no part of 한.
      .normalize('NFC')
  );
}

/** The distinct words of a text, folded. */
export function wordsOf(text: string): string[] {
  return [...new Set(fold(text).match(WORD) ?? [])];
}
