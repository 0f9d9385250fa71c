import { expect, test } from '@jest/globals';
import { describeTopology, parseTopology, targetAt } from './topology.js';

test('a single server is its URL', () => {
  for (const url of ['redis://a:1', 'rediss://u:p@a', 'redis://[::1]:7000/3', 'redis://10.0.0.1:6379/'])
    expect(parseTopology(url)).toEqual({ form: 'single', url });
});

test('Sentinels have a master, and logins of their own', () => {
  const full = parseTopology('rediss+sentinel://u:p%40ss@a:1,b,[::1]:3/main.one/2?sentinelUser=s&sentinelPassword=t');
  expect(full).toEqual({
    form: 'sentinel',
    sentinels: [
      { host: 'a', port: 1 },
      { host: 'b', port: 26379 },
      { host: '::1', port: 3 },
    ],
    master: 'main.one',
    tls: true,
    login: { username: 'u', password: 'p@ss' },
    sentinelLogin: { username: 's', password: 't' },
    database: 2,
  });
  expect(parseTopology('redis+sentinel://a/m')).toMatchObject({ login: {}, sentinelLogin: {}, tls: false, database: 0 });
});

test('a Cluster is some of its nodes', () => {
  expect(parseTopology('redis+cluster://:secret@a:1,b')).toEqual({
    form: 'cluster',
    nodes: [
      { host: 'a', port: 1 },
      { host: 'b', port: 6379 },
    ],
    tls: false,
    login: { password: 'secret' },
  });
});

test.each([
  'a:1',
  'http://a',
  'redis://',
  'redis://a:1,b:2',
  'redis://a:1/x',
  'redis+sentinel://a:1',
  'redis+sentinel://a:1/m/x',
  'redis+sentinel://a:1/m?password=x',
  'redis+sentinel://a:1,,b:2/m',
  'redis+sentinel://a:70000/m',
  'redis+sentinel://u:%zz@a/m',
  'redis+cluster://',
  'redis+cluster://a:1/2',
  'redis+cluster://a:1?x=y',
  'redis+other://a:1',
])('%s is refused', (text) => {
  expect(parseTopology(text)).toBeUndefined();
});

test('a topology is told without its passwords', () => {
  for (const url of ['redis://u:secret@a:1', 'redis+sentinel://u:secret@a:1/m?sentinelPassword=secret', 'redis+cluster://u:secret@a:1']) {
    const told = describeTopology(parseTopology(url)!);
    expect(told).toContain('a:1');
    expect(told).not.toContain('secret');
  }
});

test('a node is reached with the login, TLS and database of its topology', () => {
  const at = { host: 'a', port: 1 };
  expect(targetAt(at, { login: { password: 'p' }, tls: true }, 2)).toEqual({
    password: 'p',
    socket: { host: 'a', port: 1, tls: true },
    database: 2,
  });
  expect(targetAt(at, { login: {}, tls: false })).toEqual({ socket: at });
});
