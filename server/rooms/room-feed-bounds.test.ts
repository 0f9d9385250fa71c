import { expect, test } from '@jest/globals';
import { BOUNDS } from '../../shared/limits.js';
import type { RoomName } from '../../shared/rooms.js';
import type { LogEntry } from '../log/room-log.js';
import { RoomFeed } from './room-feed.js';

const ROOM: RoomName = 'chat:x';

function entryOf(seq: number, bytes: number): LogEntry {
  const from = { id: 'ada', name: 'Ada' };
  return { epoch: 'e', seq, bytes, message: { room: ROOM, position: `e:${seq}`, id: `m${seq}`, type: 'text', from, time: 1, data: seq } };
}

function openFeed() {
  const faults: unknown[] = [];
  const feed = new RoomFeed({
    room: ROOM,
    recentEntries: 256,
    read: () => Promise.reject(new Error('nothing is read')),
    onRepair: () => undefined,
    onFault: (error) => faults.push(error),
  });
  feed.stand({ epoch: 'e', last: 0 });
  return { feed, faults };
}

/** All that a feed still has at hand. */
function longestOf(feed: RoomFeed): readonly LogEntry[] {
  let longest = feed.recentAfter(feed.last - 1) ?? [];
  for (let back = 2; ; back++) {
    const entries = feed.recentAfter(feed.last - back);
    if (!entries || entries.length <= longest.length) return longest;
    longest = entries;
  }
}

test.each([100, 5_000, 250_000, 2 * BOUNDS.pageBytes])(
  '[P45] what a feed has at hand is one page at most, of messages of %d bytes',
  (bytes) => {
    const { feed } = openFeed();
    for (let seq = 1; seq <= 1_000; seq++) {
      feed.entry(entryOf(seq, bytes));
      const longest = longestOf(feed);
      expect(longest.length === 1 || longest.length * bytes <= BOUNDS.pageBytes).toBe(true);
      expect(longest.at(-1)!.seq).toBe(seq);
    }
    const kept = longestOf(feed).map(({ seq }) => seq);
    expect(kept).toEqual(kept.map((_, i) => 1_000 - kept.length + 1 + i));
  },
);

test('a reader that fails keeps nothing from the others', () => {
  const { feed, faults } = openFeed();
  const heard: number[] = [];
  feed.add({
    gap: () => undefined,
    entry: () => {
      throw new Error('cannot read this');
    },
  });
  feed.add({ gap: () => undefined, entry: ({ seq }) => heard.push(seq) });
  for (let seq = 1; seq <= 3; seq++) feed.entry(entryOf(seq, 10));
  expect(heard).toEqual([1, 2, 3]);
  expect(faults).toHaveLength(3);
});
