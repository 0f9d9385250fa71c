import { EventEmitter } from 'node:events';
import { expect, jest, test } from '@jest/globals';
import { testScope } from '../../test/support/scope.js';
import { SlowConsumers } from './slow-consumers.js';

const LIMIT = 1_000;
const NEVER_MS = 1e9;

const scope = testScope();

function watch() {
  const slow = new SlowConsumers({
    unsentBytes: LIMIT,
    checkMs: NEVER_MS,
    checkHeldMs: NEVER_MS,
    onHold: () => {},
    onPolicy: () => {},
    onLeftOut: () => {},
  });
  return scope.defer(slow, (one) => one.close());
}

function candidate(conn = new EventEmitter()) {
  const unsent = { bytes: 0 };
  const socket = { conn };
  return {
    socket,
    unsent,
    sent: (bytes: number) => {
      unsent.bytes += bytes;
      conn.emit('packetCreate');
    },
    unsentBytes: jest.fn(() => unsent.bytes),
    hold: jest.fn(),
    release: jest.fn(),
    cut: jest.fn(),
  };
}

test('a connection that nothing is sent to is not looked at', () => {
  const slow = watch();
  const quiet = candidate();
  slow.watch(quiet);
  slow.check();
  quiet.unsentBytes.mockClear();
  slow.check();
  expect(quiet.unsentBytes).not.toHaveBeenCalled();
});

test('one that something was sent to is looked at until nothing waits for it', () => {
  const slow = watch();
  const one = candidate();
  slow.watch(one);
  one.sent(LIMIT);
  slow.check();
  slow.check();
  expect(one.hold).not.toHaveBeenCalled();
  one.unsent.bytes = 0;
  slow.check();
  one.unsent.bytes = LIMIT + 1;
  slow.check();
  expect(one.hold).not.toHaveBeenCalled();
  one.sent(1);
  slow.check();
  expect(one.hold).toHaveBeenCalledTimes(1);
});

test('so is one that was written to past its packets', () => {
  const slow = watch();
  const one = candidate();
  slow.watch(one);
  slow.check();
  one.unsent.bytes = LIMIT + 1;
  slow.waits(one.socket);
  slow.check();
  expect(one.hold).toHaveBeenCalledTimes(1);
});

test('a client that enters again on its connection is watched, and no more once it has left', () => {
  const slow = watch();
  const first = candidate();
  const second = candidate(first.socket.conn);
  slow.watch(first);
  slow.watch(second);
  slow.unwatch(first);
  second.sent(LIMIT + 1);
  slow.check();
  expect(first.hold).not.toHaveBeenCalled();
  expect(second.hold).toHaveBeenCalledTimes(1);
  slow.unwatch(second);
  expect(slow.held).toBe(0);
  expect(first.socket.conn.listenerCount('packetCreate')).toBe(0);
});
