import { createServer, type IncomingMessage } from 'node:http';
import { expect, test } from '@jest/globals';
import { Server } from 'socket.io';
import { readKnownQueries } from './known-queries.js';

type Queried = IncomingMessage & { _query?: Record<string, string> };

const server = createServer();
const { engine } = new Server(createServer());
server.on('upgrade', () => {});
readKnownQueries(server, '/socket.io');

const queryOf = (url: string): Record<string, string> | undefined => {
  const request = { url } as Queried;
  server.emit('upgrade', request);
  return request._query;
};

test.each(['', '?EIO=4&transport=websocket', '?sid', '?a=1&a=2&b=%20x+y&c', '?__proto__=1'])(
  'the query of /socket.io/%s is what engine.io reads, the first time and the second',
  (search) => {
    const request = { url: `/socket.io/${search}` } as Queried;
    (engine as unknown as { prepare(request: Queried): void }).prepare(request);
    expect(queryOf(request.url!)).toEqual(request._query);
    expect(queryOf(request.url!)).toEqual(request._query);
  },
);

test('engine.io takes a query that is there already', () => {
  const request = { url: '/socket.io/?EIO=4', _query: { EIO: '3' } } as unknown as Queried;
  (engine as unknown as { prepare(request: Queried): void }).prepare(request);
  expect(request._query).toEqual({ EIO: '3' });
});

test('what is changed on one request is not on the next', () => {
  queryOf('/socket.io/?EIO=4')!.EIO = '3';
  expect(queryOf('/socket.io/?EIO=4')).toEqual({ EIO: '4' });
});

test('requests of other paths, and those of a session, are left alone', () => {
  expect(queryOf('/chat?EIO=4')).toBeUndefined();
  expect(queryOf('/socket.io/?EIO=4&sid=abc')).toBeUndefined();
});

test('a server without upgrades stays one', () => {
  const plain = createServer();
  readKnownQueries(plain, '/socket.io');
  expect(plain.listenerCount('upgrade')).toBe(0);
});
