import { BOUNDS } from '../../shared/limits.js';

/**
 * A name as others will see it: one line, no controls, no characters that are invisible or turn the text's direction (they make one user
 * look like another), at most `BOUNDS.userNameChars` characters. Nothing left: undefined.
 */
export function displayName(given: unknown): string | undefined {
  if (typeof given !== 'string') return undefined;
  const shown = given
    .slice(0, 1_024)
    .normalize('NFC')
    // Joiners (U+200D and variation selectors) stay: emoji and some scripts are written with them.
    .replace(
      /[\p{Cc}\p{Cs}\p{Co}\p{Cn}\u{ad}\u{61c}\u{180e}\u{200b}\u{200e}\u{200f}\u{202a}-\u{202e}\u{2060}-\u{206f}\u{feff}\u{e0000}-\u{e007f}]/gu,
      ' ',
    )
    .replace(/\s+/gu, ' ')
    .trim();
  const bounded = [...shown].slice(0, BOUNDS.userNameChars).join('').trim();
  return /[\p{L}\p{N}\p{S}\p{P}]/u.test(bounded) ? bounded : undefined;
}
