import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { textParts } from './links.js';

test('addresses are links, their surroundings are not', () => {
  expect(textParts('see https://example.org/a?b=c#d, (or http://example.org).')).toEqual([
    { text: 'see ' },
    { text: 'https://example.org/a?b=c#d', href: 'https://example.org/a?b=c#d' },
    { text: ', (or ' },
    { text: 'http://example.org', href: 'http://example.org/' },
    { text: ').' },
  ]);
  expect(textParts('https://en.example.org/wiki/Position_(log)')[0]).toHaveProperty('href', 'https://en.example.org/wiki/Position_(log)');
});

test('nothing but http and https becomes a link', () => {
  for (const text of ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'https://', 'https://exa mple', 'mailto:a@b.c']) {
    for (const { href } of textParts(text)) if (href) expect(href).toMatch(/^https?:\/\//);
  }
  expect(textParts('javascript:alert(1)')).toEqual([{ text: 'javascript:alert(1)' }]);
});

test('no character of a text is lost', () => {
  const word = fc.oneof(fc.string(), fc.webUrl(), fc.constantFrom(' ', '(', ')', '.', 'https://', 'HTTP://x'));
  fc.assert(
    fc.property(fc.array(word), (words) => {
      const text = words.join('');
      expect(
        textParts(text)
          .map((part) => part.text)
          .join(''),
      ).toBe(text);
    }),
  );
});
