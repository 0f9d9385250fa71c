/** A piece of a message's text: as it stands, or a link with the address that it leads to. */
export type TextPart = { readonly text: string; readonly href?: string };

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`]+/gi;
/** What ends a sentence rather than an address. */
const TRAILING = /[.,;:!?…]+$/;

/** Takes a text apart at its web addresses. Only http and https make links; the parts put together are the text again. */
export function textParts(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const shown = withoutTrailing(match[0]);
    if (!URL.canParse(shown)) continue;
    if (match.index > end) parts.push({ text: text.slice(end, match.index) });
    parts.push({ text: shown, href: new URL(shown).href });
    end = match.index + shown.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  return parts;
}

/** Cuts off punctuation and a closing bracket that was opened before the address. */
function withoutTrailing(address: string): string {
  const cut = address.replace(TRAILING, '');
  const unopened = cut.endsWith(')') && !cut.includes('(');
  return unopened ? withoutTrailing(cut.slice(0, -1)) : cut;
}
