import { expect, test } from '@jest/globals';
import { newProbeChannel, probeChannels } from './probe-channel.js';
import { keySlot, SLOTS } from './redis-key-slot.js';
import { SlotMap } from './redis-slot-map.js';

const A = { host: 'a', port: 1 };
const B = { host: 'b', port: 1 };

test('a new view of the slots takes the place of the whole former one', () => {
  const slots = new SlotMap();
  const halves = [
    { first: 0, last: 8_000, at: A },
    { first: 8_001, last: SLOTS - 1, at: B },
  ];
  expect(slots.replace(halves)).toBe(true);
  expect(slots.replace(halves)).toBe(false);
  expect([slots.masterOf(8_000), slots.masterOf(8_001), slots.masterOf(SLOTS - 1)]).toEqual(['a:1', 'b:1', 'b:1']);
  expect(slots.replace([{ first: 0, last: 10, at: A }])).toBe(true);
  expect([slots.masterOf(10), slots.masterOf(11), slots.has('b:1')]).toEqual(['a:1', undefined, false]);
});

test('a slot that is given to another master says so once', () => {
  const slots = new SlotMap();
  expect([slots.assign(7, A), slots.assign(7, A), slots.assign(7, B)]).toEqual([true, false, true]);
  expect([slots.masterOf(7), slots.has('a:1'), slots.has('b:1')]).toEqual(['b:1', false, true]);
});

test('the channel of a master stays for as long as its slot does', () => {
  const slots = new SlotMap();
  slots.replace([{ first: 0, last: SLOTS - 1, at: A }]);
  const channel = probeChannels(slots, 'a:1');
  const first = channel();
  expect(channel()).toBe(first);
  slots.assign(keySlot(first), B);
  const second = channel();
  expect(second).not.toBe(first);
  expect(slots.masterOf(keySlot(second))).toBe('a:1');
});

test('a master without a slot gets any channel, and no two are alike', () => {
  expect(probeChannels(new SlotMap(), 'a:1')()).toMatch(/^roomcast:probe:/);
  expect(newProbeChannel()).not.toBe(newProbeChannel());
});
