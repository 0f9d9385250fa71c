import { Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { HandOut } from './hand-out.js';
import type { ToInstance } from './messages.js';

const CONNECTION = { type: 'connection' } as const;

function handOut() {
  const sent: ToInstance[] = [];
  const sockets = Array.from({ length: 3 }, () => new Socket());
  const out = new HandOut((message) => sent.push(message));
  for (const socket of sockets) out.give(socket, CONNECTION);
  return { out, sent, sockets };
}

test('connections go one at a time, and are let go of once they were taken', () => {
  const { out, sent, sockets } = handOut();
  expect(sent).toEqual([{ ...CONNECTION, number: 1 }]);
  out.taken(1);
  out.taken(1); // Said again, for what has ended since.
  expect(sent).toEqual([1, 2].map((number) => ({ ...CONNECTION, number })));
  expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true, false, false]);
  expect(out.waiting).toBe(2);
  expect(out.given).toBe(3);
});

test('a process that dies leaves the connections that it never saw to others; of the one it may have read, the client hears', () => {
  const { out, sockets } = handOut();
  expect(out.end().map(({ socket }) => socket)).toEqual(sockets.slice(1));
  expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true, false, false]);
  expect(out.waiting).toBe(0);
});

test('a process that leaves still takes the one that is on its way to it', () => {
  const { out, sockets } = handOut();
  expect(out.takeBack()).toHaveLength(2);
  expect(sockets[0]!.destroyed).toBe(false);
  expect(out.given).toBe(1);
});
