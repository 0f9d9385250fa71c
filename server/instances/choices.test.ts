import type { IncomingMessage } from 'node:http';
import { expect, test } from '@jest/globals';
import { best } from './front.js';
import { requestHead } from './request-head.js';
import { restartDelayMs } from './restart-delay.js';
import { newSessionId, sessionOwner } from './session-ids.js';

test('a session id names its instance, wherever it stands in the address', () => {
  const sid = newSessionId(42);
  expect(sid).toMatch(/^42-[\w-]{20}$/);
  expect(newSessionId(42)).not.toBe(sid);
  expect(sessionOwner(`/socket.io/?EIO=4&transport=polling&sid=${sid}`)).toBe(42);
  expect(sessionOwner(`/socket.io/?sid=${sid}&EIO=4`)).toBe(42);
});

test.each([
  '/socket.io/?EIO=4',
  '/socket.io/?sid=abc',
  '/socket.io/?xsid=4-abc',
  '/api/rooms?sid=4-abc',
  '/socket.io/?sid=9999999999999999-a',
  undefined,
])('%s names no instance', (url) => expect(sessionOwner(url)).toBeUndefined());

test('a connection goes to the instance with the fewest, one that keeps up if there is one', () => {
  const one = { takes: true, load: 5, busy: false };
  const fewer = { takes: true, load: 2, busy: false };
  const stuck = { takes: true, load: 0, busy: true };
  const leaving = { takes: false, load: 0, busy: false };
  expect(best([one, stuck, fewer, leaving])).toBe(fewer);
  expect(best([stuck, leaving])).toBe(stuck);
  expect(best([leaving])).toBeUndefined();
});

test('restarts wait twice as long each time, ten seconds at most', () => {
  expect([1, 2, 3, 7, 8, 1_000].map(restartDelayMs)).toEqual([100, 200, 400, 6_400, 10_000, 10_000]);
});

test('a request is written as it came, but for the headers that are set', () => {
  const request = { method: 'GET', url: '/x?y', httpVersion: '1.1', rawHeaders: ['Host', 'a', 'X-From', 'forged', 'X-Letter', '\xe9'] };
  const head = requestHead(request as IncomingMessage, Buffer.from('rest'), { 'x-from': 'true' });
  expect(head.toString('latin1')).toBe('GET /x?y HTTP/1.1\r\nHost: a\r\nX-Letter: \xe9\r\nx-from: true\r\n\r\nrest');
});
