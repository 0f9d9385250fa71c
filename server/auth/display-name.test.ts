import { expect, test } from '@jest/globals';
import { displayName } from './display-name.js';

test.each([
  ['  Ada   Lovelace ', 'Ada Lovelace'],
  ['a\u0000b\nc', 'a b c'],
  ['\u202eadA', 'adA'],
  ['A\u200bda', 'A da'],
  ['e\u0301', '\u00e9'],
  ['👩‍🚀', '👩‍🚀'],
  ['x'.repeat(200), 'x'.repeat(64)],
  ['😀'.repeat(100), '😀'.repeat(64)],
  ['\ud800', undefined],
  [' \u200d ', undefined],
  ['', undefined],
  [17, undefined],
  [undefined, undefined],
])('%j is shown as %j', (given, shown) => {
  expect(displayName(given)).toBe(shown);
});
