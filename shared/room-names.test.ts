import { expect, test } from '@jest/globals';
import { KINDS, parseRoom } from './rooms.js';

test.each(['chat:lobby', 'logs:web/api', 'chat:Käse', 'chat:日本語', 'chat:a@b.c', 'chat:x:y', 'metrics:web-1'])(
  '[P1] a room name: %s',
  (room) => {
    expect(parseRoom(room, KINDS).room).toBe(room);
  },
);

test.each([
  ['an invisible letter', 'chat:lobby\u3164'],
  ['another invisible letter', 'chat:\uffa0lobby'],
  ['a zero-width space', 'chat:lob\u200bby'],
  ['a change of direction', 'chat:\u202elobby'],
  ['a letter that has another, usual form', 'chat:\u212b'],
  ['a letter and its accent apart', 'chat:e\u0301'],
  ['a brace', 'chat:{x}'],
  ['a blank', 'chat:a b'],
  ['nothing', 'chat:'],
  ['too long', `chat:${'x'.repeat(129)}`],
])('[P1] no room name, for it has %s', (_what, room) => {
  expect(() => parseRoom(room, KINDS)).toThrow(expect.objectContaining({ code: 'invalid' }));
});
