import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { bringTallies, type TalliesOptions } from './tallies.js';

const BRING_MS = 1_000;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** A server whose counters are plain numbers. */
function tallied() {
  const server = new EventEmitter();
  const counted = { sent: 0, received: 0 };
  const counter = (name: keyof typeof counted) => ({
    inc: (by: number) => {
      counted[name] += by;
    },
  });
  const end = bringTallies({
    server,
    sockets: { straightBytes: () => 0 },
    cache: { stats: () => ({}) },
    engines: {},
    metrics: { sentBytes: counter('sent'), receivedBytes: counter('received'), redisReconnects: { inc: () => {} } },
  } as unknown as TalliesOptions);
  const connect = () => {
    const socket = Object.assign(new EventEmitter(), { bytesWritten: 0, bytesRead: 0 });
    server.emit('connection', socket);
    return socket;
  };
  return { counted, connect, end };
}

test('the bytes of a few connections are in the counters with each second, those of an ended one at once', () => {
  const { counted, connect, end } = tallied();
  const [one, other] = [connect(), connect()];
  for (let second = 1; second <= 3; second++) {
    one.bytesWritten += 10;
    other.bytesRead += 7;
    jest.advanceTimersByTime(BRING_MS);
    expect(counted).toEqual({ sent: second * 10, received: second * 7 });
  }
  one.bytesWritten += 5;
  one.emit('close');
  expect(counted.sent).toBe(35);
  end();
  expect(jest.getTimerCount()).toBe(0);
});

test('of many connections each has its turn, also while others come and go', () => {
  const { counted, connect, end } = tallied();
  const write = (socket: { bytesWritten: number }) => {
    socket.bytesWritten += 1;
  };
  const sockets = Array.from({ length: 1_200 }, connect);
  sockets.forEach(write);
  jest.advanceTimersByTime(BRING_MS);
  expect(counted.sent).toBe(500);
  sockets[0]!.emit('close');
  sockets[1_199]!.emit('close');
  expect(counted.sent).toBe(501);
  write(connect());
  jest.advanceTimersByTime(2 * BRING_MS);
  expect(counted.sent).toBe(1_201);
  sockets.slice(1, 1_199).forEach(write);
  jest.advanceTimersByTime(3 * BRING_MS);
  expect(counted.sent).toBe(1_201 + 1_198);
  end();
});
