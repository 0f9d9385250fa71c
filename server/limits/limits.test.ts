import { expect, test } from '@jest/globals';
import { createAddressLimits } from './address-limits.js';
import { addressGroup, clientAddress } from './client-address.js';
import { createConnectionLimits } from './connection-limits.js';
import { createMemorySharedLimits } from './memory-shared-limits.js';
import type { SharedLimits } from './shared-limits.js';
import { createUserLimits, sharedRates } from './user-limits.js';

const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
};
const RATES = sharedRates({ publishesPerSecond: 2, authFailuresPerMinute: 3 });

test('a connection may burst for some seconds of its rate, then goes at the rate and is told how long to wait', () => {
  let now = 0;
  const limits = createConnectionLimits({ eventsPerSecond: 10, publishesPerSecond: 2, now: () => now });
  for (let i = 0; i < 50; i++) limits.take('event');
  expect(() => limits.take('event')).toThrow(expect.objectContaining({ code: 'rate_limited', retryAfterMs: 100 }));
  now += 100;
  limits.take('event');
  expect(codeOf(() => limits.take('event'))).toBe('rate_limited');
  // Publications have a rate of their own.
  for (let i = 0; i < 10; i++) limits.take('publish');
  expect(() => limits.take('publish')).toThrow(expect.objectContaining({ retryAfterMs: 500 }));
});

test('asking twice as often as allowed is refused for ever; ten times as often is a flood', () => {
  let now = 0;
  const codes = (perSecond: number, seconds: number) => {
    const limits = createConnectionLimits({ eventsPerSecond: 10, publishesPerSecond: 0, now: () => now });
    const seen = new Set<string | undefined>();
    for (let i = 0; i < seconds * perSecond; i++) {
      now += 1_000 / perSecond;
      seen.add(codeOf(() => limits.take('event')));
    }
    return seen;
  };
  expect(codes(9, 600)).toEqual(new Set([undefined]));
  expect(codes(19, 600)).toEqual(new Set([undefined, 'rate_limited']));
  expect(codes(100, 3)).toEqual(new Set([undefined, 'rate_limited', 'flood']));
});

test('0 is no limit', async () => {
  const limits = createConnectionLimits({ eventsPerSecond: 0, publishesPerSecond: 0, now: () => 0 });
  for (let i = 0; i < 100_000; i++) limits.take('event');
  const rates = sharedRates({ publishesPerSecond: 0, authFailuresPerMinute: 0 });
  const shared = createMemorySharedLimits({ rates: RATES });
  const users = createUserLimits({ rate: rates.publishes, shared });
  const addresses = createAddressLimits({ connectionsPerAddress: 0, authFailures: rates.authFailures, shared });
  for (let i = 0; i < 1_000; i++) {
    users.publish('ada');
    await addresses.connect('a');
    addresses.failed('a');
    addresses.admit('a');
  }
});

test('a user publishes at one rate over all connections', () => {
  const users = createUserLimits({ rate: RATES.publishes, shared: createMemorySharedLimits({ rates: RATES }) });
  for (let i = 0; i < 10; i++) users.publish('ada');
  expect(codeOf(() => users.publish('ada'))).toBe('rate_limited');
  users.publish('bob');
  users.close();
});

test('an address has so many connections, and gets one back when one goes, however often that is said', async () => {
  const shared = createMemorySharedLimits({ rates: RATES });
  const addresses = createAddressLimits({ connectionsPerAddress: 2, authFailures: RATES.authFailures, shared });
  const refusal = expect.objectContaining({ code: 'too_many_connections', retryAfterMs: 5_000 });
  const release = await addresses.connect('10.0.0.1');
  await addresses.connect('10.0.0.1');
  await expect(addresses.connect('10.0.0.1')).rejects.toEqual(refusal);
  await addresses.connect('10.0.0.2');
  release();
  release();
  await addresses.connect('10.0.0.1');
  await expect(addresses.connect('10.0.0.1')).rejects.toEqual(refusal);
  addresses.close();
});

test('connections elsewhere count, and only addresses with many are talked about', async () => {
  const told: [string, number][] = [];
  let elsewhere = 28;
  const shared: SharedLimits = {
    leaseMs: 15_000,
    spend: async () => 0,
    connections: async (address, here) => {
      told.push([address, here]);
      return elsewhere;
    },
  };
  const addresses = createAddressLimits({ connectionsPerAddress: 32, authFailures: RATES.authFailures, shared });
  // Nobody needs to be asked: it is in at once.
  const first = addresses.connect('10.0.0.1') as () => void;
  expect(first).toBeInstanceOf(Function);
  expect(told).toEqual([]);
  const second = await addresses.connect('10.0.0.1');
  elsewhere = 30;
  await expect(addresses.connect('10.0.0.1')).rejects.toMatchObject({ code: 'too_many_connections' });
  second();
  first();
  expect(told.map(([, here]) => here)).toEqual([2, 3, 2, 1, 0]);
  addresses.close();
});

test('an address that shows refused tokens again and again waits', () => {
  const addresses = createAddressLimits({
    connectionsPerAddress: 0,
    authFailures: RATES.authFailures,
    shared: createMemorySharedLimits({ rates: RATES }),
  });
  for (let i = 0; i < 3; i++) {
    addresses.admit('10.0.0.1');
    addresses.failed('10.0.0.1');
  }
  expect(codeOf(() => addresses.admit('10.0.0.1'))).toBe('rate_limited');
  addresses.admit('10.0.0.2');
  addresses.close();
});

test.each([
  [undefined, '10.0.0.1', 0, '10.0.0.1'],
  ['1.2.3.4', '10.0.0.1', 0, '10.0.0.1'],
  ['1.2.3.4', '10.0.0.1', 1, '1.2.3.4'],
  ['9.9.9.9, 1.2.3.4', '10.0.0.1', 1, '1.2.3.4'],
  ['9.9.9.9, 1.2.3.4', '10.0.0.1', 2, '9.9.9.9'],
  ['1.2.3.4', '10.0.0.1', 5, '1.2.3.4'],
  [undefined, '10.0.0.1', 1, '10.0.0.1'],
  ['rubbish, 1.2.3.4', '10.0.0.1', 2, '1.2.3.4'],
  ['1.2.3.4', undefined, 0, 'unknown'],
])('X-Forwarded-For %s from %s behind %s proxies is the client %s', (header, remoteAddress, hops, client) => {
  const headers = header === undefined ? {} : { 'x-forwarded-for': header };
  expect(clientAddress({ headers, socket: { remoteAddress } }, hops)).toBe(client);
});

test.each([
  ['::ffff:127.0.0.1', '127.0.0.1'],
  ['::1', '0:0:0:0::/64'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8::6', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['', 'unknown'],
])('the address %s counts as %s', (address, group) => {
  expect(addressGroup(address)).toBe(group);
});
