import { useMemo } from 'preact/hooks';
import { textParts } from './links.js';

/** A message's text with its web addresses as links; nothing of it is ever read as markup. */
export function MessageText({ text }: { text: string }) {
  const parts = useMemo(() => textParts(text), [text]);
  return (
    <span data-testid="message-text">
      {parts.map((part, index) =>
        part.href === undefined ? (
          part.text
        ) : (
          <a key={index} href={part.href} target="_blank" rel="noopener noreferrer nofollow">
            {part.text}
          </a>
        ),
      )}
    </span>
  );
}
