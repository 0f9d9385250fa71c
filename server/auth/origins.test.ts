import { expect, test } from '@jest/globals';
import { createOriginCheck, type OriginHeaders, type OriginOptions } from './origins.js';

const checking = (options: Partial<OriginOptions> = {}) => {
  const origins = createOriginCheck({ origins: [], loopback: true, behindProxy: false, ...options });
  return (headers: OriginHeaders): boolean => {
    try {
      origins.check(headers);
      return true;
    } catch (error) {
      expect(error).toMatchObject({ name: 'HubError', code: 'origin_refused' });
      return false;
    }
  };
};

test('without an origin it is no page, and it passes', () => {
  expect(checking()({})).toBe(true);
  expect(checking({ loopback: false, origins: ['https://a.example'] })({ host: 'hub.example' })).toBe(true);
});

test('by default the own origin passes, and loopback ones do where the hub is bound to loopback', () => {
  const loopback = checking();
  expect(loopback({ origin: 'http://127.0.0.1:3000', host: '127.0.0.1:3000' })).toBe(true);
  expect(loopback({ origin: 'http://localhost:5173', host: '127.0.0.1:3000' })).toBe(true);
  expect(loopback({ origin: 'http://[::1]:8080', host: 'localhost:3000' })).toBe(true);
  expect(loopback({ origin: 'http://evil.example', host: '127.0.0.1:3000' })).toBe(false);
  expect(loopback({ origin: 'null', host: '127.0.0.1:3000' })).toBe(false);
  expect(loopback({ origin: 'http://localhost.evil.example', host: '127.0.0.1:3000' })).toBe(false);
  const reachable = checking({ loopback: false });
  expect(reachable({ origin: 'https://hub.example', host: 'Hub.example' })).toBe(true);
  expect(reachable({ origin: 'http://localhost:3000', host: 'hub.example' })).toBe(false);
});

test('a list of origins takes what it names, and all subdomains where it says so', () => {
  const listed = checking({ loopback: false, origins: ['https://app.example', 'https://*.team.example'] });
  const from = (origin: string) => listed({ origin, host: 'hub.example' });
  expect(from('https://app.example')).toBe(true);
  expect(from('https://HUB.example')).toBe(true);
  expect(from('http://app.example')).toBe(false);
  expect(from('https://app.example:8443')).toBe(false);
  expect(from('https://app.example.evil.example')).toBe(false);
  expect(from('https://blue.team.example')).toBe(true);
  expect(from('https://team.example')).toBe(false);
  expect(from('https://evilteam.example')).toBe(false);
  expect(checking({ loopback: false, origins: ['*'] })({ origin: 'null', host: 'hub.example' })).toBe(true);
});

test('a loopback hub answers to no public name that it was not told (DNS rebinding), with or without an origin', () => {
  expect(checking()({ host: 'evil.example:3000' })).toBe(false);
  expect(checking()({ origin: 'http://evil.example:3000', host: 'evil.example:3000' })).toBe(false);
  expect(checking()({ host: 'evil.example.:3000' })).toBe(false);
  for (const host of ['localhost:3000', '127.0.0.1', '[::1]:3000', '192.168.1.5:3000', 'roomcast_upstream', 'a.localhost']) {
    expect({ host, allowed: checking()({ host }) }).toEqual({ host, allowed: true });
  }
  expect(checking({ origins: ['https://hub.example'] })({ host: 'hub.example' })).toBe(true);
  expect(checking({ behindProxy: true })({ origin: 'https://hub.example', host: 'hub.example' })).toBe(true);
});

test('the answer names an origin that passes, and no other', () => {
  const { allowOrigin } = createOriginCheck({ origins: ['https://app.example'], loopback: false, behindProxy: false });
  expect(allowOrigin({ origin: 'https://app.example', host: 'hub.example' })).toBe('https://app.example');
  expect(allowOrigin({ origin: 'https://evil.example', host: 'hub.example' })).toBeUndefined();
  expect(allowOrigin({ host: 'hub.example' })).toBeUndefined();
});
