import { expect, test } from '@jest/globals';
import { afterChange, sortedRoster } from './roster.js';
import { someoneTypes, stillTyping, stoppedTyping, TYPING_MS, typingLine } from './typing-state.js';

const user = (id: string) => ({ id, name: id.toUpperCase() });

test('a roster follows who comes and goes, also under another name', () => {
  const start = { count: 2, users: [user('a'), user('b')] };
  expect(afterChange(start, { joined: [user('c')], left: [user('a')], count: 2 })).toEqual({ count: 2, users: [user('b'), user('c')] });
  const renamed = afterChange(start, { joined: [{ id: 'a', name: 'New' }], left: [], count: 2 });
  expect(renamed.users).toContainEqual({ id: 'a', name: 'New' });
  expect(renamed.count).toBe(2);
});

test('a roster that contradicts the count is unknown, and so is one past the limit', () => {
  expect(afterChange({ count: 1, users: [user('a')] }, { joined: [user('b')], left: [], count: 7 })).toEqual({ count: 7 });
  expect(afterChange({ count: 900 }, { joined: [user('b')], left: [], count: 901 })).toEqual({ count: 901 });
});

test('oneself leads the roster, the others follow by name', () => {
  expect(sortedRoster([user('c'), user('b'), user('a')], 'b').map(({ id }) => id)).toEqual(['b', 'a', 'c']);
});

test('who types is shown until the time is over or the message is there', () => {
  let typists = someoneTypes([], user('a'), 0);
  typists = someoneTypes(typists, user('b'), 1000);
  typists = someoneTypes(typists, user('a'), 2000);
  expect(typingLine(typists)).toBe('B and A are typing');
  expect(typingLine(stoppedTyping(typists, 'b'))).toBe('A is typing');
  expect(typingLine(stillTyping(typists, 1000 + TYPING_MS))).toBe('A is typing');
  expect(typingLine(stillTyping(typists, 2000 + TYPING_MS))).toBe('');
  expect(typingLine(['a', 'b', 'c'].map((id) => ({ ...user(id), until: 1 })))).toBe('3 people are typing');
});
