import { expect, test } from '@jest/globals';
import { RedisChannel } from './redis-channel.js';
import type { RedisClient } from './redis-client.js';
import type { RedisConnection } from './redis-connection.js';

const log = { error() {} };
const client = {} as RedisClient;

function connection(): RedisConnection & { stands: boolean } {
  const own = { client, stands: false, ready: () => own.stands };
  return own as unknown as RedisConnection & { stands: boolean };
}

test('listeners are in doubt after every subscription but the first, once the connection stands', async () => {
  const channel = new RedisChannel('ch', log);
  const by = connection();
  let doubts = 0;
  channel.add({ message: () => {}, doubt: () => doubts++ });
  await channel.subscribe(by, client, async () => {});
  channel.tellDoubt();
  expect(doubts).toBe(0);
  await channel.subscribe(by, client, async () => {});
  expect(doubts).toBe(0);
  channel.tellDoubt();
  channel.tellDoubt();
  expect(doubts).toBe(1);
  by.stands = true;
  await channel.subscribe(by, client, async () => {});
  expect(doubts).toBe(2);
});

test('a subscription that is refused is none', async () => {
  const channel = new RedisChannel('ch', log);
  const by = connection();
  const refused = channel.subscribe(by, client, () => Promise.reject(new Error('refused')));
  expect([channel.isCarriedBy(by), channel.confirmationOn(client)]).toEqual([true, refused]);
  await expect(refused).rejects.toThrow('refused');
  expect([channel.isCarriedBy(by), channel.confirmationOn(client)]).toEqual([false, undefined]);
});

test('the last listener that goes is told from the others, and from one that is not there', () => {
  const channel = new RedisChannel('ch', log);
  const [one, other] = [{ message: () => {} }, { message: () => {} }];
  channel.add(one);
  channel.add(other);
  expect([channel.remove(one), channel.remove(one), channel.remove(other)]).toEqual([false, false, true]);
});
