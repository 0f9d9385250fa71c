import { createServer } from 'node:http';
import { expect, test } from '@jest/globals';
import { Server } from 'socket.io';
import { rememberQueries } from './known-queries.js';

interface Request {
  url: string;
  _query?: Record<string, string>;
}
interface Engine {
  prepare(request: Request): void;
}

const [stock, remembering] = [new Server(createServer()).engine, new Server(createServer()).engine] as unknown as [Engine, Engine];
rememberQueries(remembering);

function queryOf(engine: Engine, request: Request): Record<string, string> {
  engine.prepare(request);
  return request._query!;
}

test.each([
  ...['', '?EIO=4&transport=websocket', '?transport=websocket&sid', '?transport=websocket&sid=abc'],
  ...['?transport=websocket&a=1&a=2&b=%20x+y&c', '?transport=websocket&__proto__=1', '?EIO=4&transport=polling'],
])('the query of /socket.io/%s is what engine.io reads, the first time and the second', (search) => {
  const url = `/socket.io/${search}`;
  const read = queryOf(stock, { url });
  for (let time = 0; time < 2; time++) expect({ ...queryOf(remembering, { url }) }).toEqual({ ...read });
});

test('a query that is there already is left as it is', () => {
  const query = { EIO: '3' };
  expect(queryOf(remembering, { url: '/socket.io/?EIO=4&transport=websocket', _query: query })).toBe(query);
});

test('what is changed on one request is not on the next', () => {
  const url = '/socket.io/?EIO=4&transport=websocket';
  queryOf(remembering, { url }).EIO = '3';
  expect(queryOf(remembering, { url }).EIO).toBe('4');
});
