import { expect, test } from '@jest/globals';
import { SeenEntries } from './redis-seen-entries.js';

const ROOM = 'chat:a';

test('the newest entry of an epoch stays, whichever comes later; another epoch takes its place', () => {
  const seen = new SeenEntries();
  expect(seen.of(ROOM)).toMatchObject({ epoch: '', seq: 0 });
  seen.agree(ROOM, 'e', 5, 50);
  seen.agree(ROOM, 'e', 3, 30);
  expect(seen.of(ROOM)).toMatchObject({ epoch: 'e', seq: 5, time: 50 });
  seen.agree(ROOM, 'f', 1, 60);
  expect(seen.of(ROOM)).toMatchObject({ epoch: 'f', seq: 1, time: 60 });
});

test('on a new connection what is heard counts only after Redis has agreed to what was seen before', () => {
  const seen = new SeenEntries();
  seen.hear(ROOM, 'e', 5, 50);
  expect(seen.isAgreed(seen.of(ROOM))).toBe(true);
  seen.beginConnection();
  expect(seen.isAgreed(seen.of(ROOM))).toBe(false);
  seen.hear(ROOM, 'e', 2, 70);
  seen.hear(ROOM, 'f', 1, 80);
  expect(seen.of(ROOM)).toMatchObject({ epoch: 'e', seq: 5 });
  seen.agree(ROOM, 'e', 5, 50);
  seen.hear(ROOM, 'e', 6, 90);
  expect(seen.of(ROOM)).toMatchObject({ epoch: 'e', seq: 6, time: 90 });
});
