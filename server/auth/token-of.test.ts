import { expect, test } from '@jest/globals';
import { tokenOf } from './token-of.js';

test.each([
  ['Bearer abc', '/x', 'abc'],
  ['bearer  abc ', '/x', 'abc'],
  ['Token abc', '/api/v2/write?bucket=b', 'abc'],
  [`Basic ${Buffer.from('telegraf:abc:d').toString('base64')}`, '/write', 'abc:d'],
  [`Basic ${Buffer.from('telegraf').toString('base64')}`, '/write', undefined],
  [undefined, '/api/rooms/chat:a/events?last=3&access_token=a%2Bb', 'a+b'],
  [undefined, '/access_token=abc', undefined],
  [undefined, '/x?access_token=', undefined],
  ['', '/x', undefined],
  ['Bearer abc', '/x?access_token=def', 'abc'],
])('Authorization %s on %s carries the token %s', (authorization, url, token) => {
  expect(tokenOf(authorization === undefined ? {} : { authorization }, url)).toBe(token);
});

test('an Authorization header of another form is refused rather than passed over', () => {
  for (const authorization of ['Bearer', 'Bearer a b', 'Digest x']) {
    expect(() => tokenOf({ authorization })).toThrow(expect.objectContaining({ code: 'unauthorized' }));
  }
});
