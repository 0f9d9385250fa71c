import { expect, test } from '@jest/globals';
import {
  chatRoomOf,
  JOINED_ROOMS,
  type JoinedRooms,
  joinedFrom,
  keptForm,
  readSeq,
  withoutRoom,
  withRead,
  withRoom,
} from './joined-rooms.js';

test('a name alone, with a hash sign or with its kind is a chat room; blanks become dashes', () => {
  for (const text of ['plants', ' #plants ', 'chat:plants']) expect(chatRoomOf(text)).toBe('chat:plants');
  expect(chatRoomOf('Sommer fest 2')).toBe('chat:Sommer-fest-2');
});

test('a name that no room can have is refused with a line for people', () => {
  for (const text of ['', '  ', '#', 'a{b}', 'chat:', 'x'.repeat(129), 'a\u0000b', '<b>']) {
    expect(() => chatRoomOf(text)).toThrow(expect.objectContaining({ code: 'invalid', message: expect.stringContaining('letters') }));
  }
});

test('past the bound the room that was joined first leaves', () => {
  let rooms: JoinedRooms = new Map();
  for (let i = 0; i < JOINED_ROOMS + 2; i++) rooms = withRoom(rooms, `chat:${i}`);
  expect(rooms.size).toBe(JOINED_ROOMS);
  expect([rooms.has('chat:1'), rooms.has('chat:2')]).toEqual([false, true]);
  expect(withoutRoom(rooms, 'chat:2').has('chat:2')).toBe(false);
});

test('what was read never goes back within an epoch, and starts over with another', () => {
  let rooms = withRead(withRoom(new Map(), 'chat:a'), 'chat:a', 'e1:5');
  rooms = withRead(rooms, 'chat:a', 'e1:3');
  expect(rooms.get('chat:a')).toBe('e1:5');
  expect(readSeq(rooms.get('chat:a'), 'e1:9')).toBe(5);
  expect(readSeq(rooms.get('chat:a'), 'e2:9')).toBe(0);
  expect(withRead(rooms, 'chat:a', 'e2:1').get('chat:a')).toBe('e2:1');
  expect(withRead(rooms, 'chat:not-joined', 'e1:1')).toBe(rooms);
});

test('rooms come back as they were kept, and nonsense is left out', () => {
  const rooms = withRead(withRoom(withRoom(new Map(), 'chat:a'), 'chat:b'), 'chat:b', 'e1:5');
  expect(joinedFrom(JSON.parse(JSON.stringify(keptForm(rooms))))).toEqual(rooms);
  expect(joinedFrom({ 'chat:x': 7, 'bad name}': null, 'chat:y': 'no position' })).toEqual(new Map([['chat:x', undefined]]));
});
