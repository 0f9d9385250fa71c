import { describe, expect, test } from '@jest/globals';
import { formatOffset, NO_OFFSET, parseOffset, type RoomOffset } from './offset.js';
import { decodeSession, encodeSession, resumeFrom, type SessionState } from './session-state.js';

const had = (room: string, seq: number, generation = 1): RoomOffset => ({ room, generation, at: { epoch: 'e', seq } });
const state = (rooms: Record<string, [generation: number, start: number]>, isWhole = true): SessionState => ({
  rooms: new Map(Object.entries(rooms).map(([room, [generation, seq]]) => [room, { generation, start: { epoch: 'e', seq } }])),
  data: { seat: 3 },
  isWhole,
});
const shown = (...rooms: RoomOffset[]) => parseOffset(formatOffset(rooms))!;

test('what is formatted is read again, rooms of any script too', () => {
  const rooms = [had('chat:a', 0), had('chat:ü/@x=1', 2 ** 40, 7)];
  expect([...parseOffset(formatOffset(rooms))!.values()]).toEqual(rooms);
  const session = state({ 'chat:a': [1, 0], 'chat:ü/@x=1': [3, 12] });
  expect(decodeSession(encodeSession(session))).toEqual(session);
});

test.each([undefined, 7, '', NO_OFFSET, 'text', '1@e:1', '0@e:1@chat:a', '1@e:01@chat:a', '1@e:1@chat:a ', `1@e:1@${'x'.repeat(20_000)}`])(
  'what a client shows that the hub did not give is no offset: %p',
  (text) => {
    expect(parseOffset(text)).toBeUndefined();
  },
);

describe('a client goes on', () => {
  test('[P92] in each room after what it has had, and where it has had nothing, from the beginning of its subscription', () => {
    expect(resumeFrom(state({ 'chat:a': [1, 5], 'chat:b': [1, 7] }), shown(had('chat:a', 9)))).toEqual([
      had('chat:a', 9),
      had('chat:b', 7),
    ]);
    expect(resumeFrom(state({ 'chat:a': [1, 5] }), new Map())).toEqual([had('chat:a', 5)]);
  });

  test('[P92] not in rooms that it left', () => {
    expect(resumeFrom(state({ 'chat:a': [1, 5] }), shown(had('chat:a', 9), had('chat:left', 3)))).toEqual([had('chat:a', 9)]);
  });

  test('[P93] nowhere, where the offset is of another subscription than the one that is known, or not all of it can be given back', () => {
    expect(resumeFrom(state({ 'chat:a': [2, 5] }), shown(had('chat:a', 9, 1)))).toBeUndefined();
    expect(resumeFrom(state({ 'chat:a': [1, 5] }), shown(had('chat:a', 9, 2)))).toBeUndefined();
    expect(resumeFrom(state({ 'chat:a': [1, 5] }, false), shown(had('chat:a', 9)))).toBeUndefined();
  });
});
