import { expect, test } from '@jest/globals';
import { RedisLinkState } from './redis-link-state.js';

test('listeners are told of every change until they go, whichever of them throws', () => {
  const failures: object[] = [];
  const state = new RedisLinkState({ error: (fields) => failures.push(fields) });
  const told: string[] = [];
  state.onUp(() => {
    throw new Error('bad');
  });
  const off = state.onUp(() => told.push('up'));
  state.onDown((reason) => told.push(reason));
  state.setUp();
  state.setUp();
  state.setDown('lost');
  off();
  state.setUp();
  expect(told).toEqual(['up', 'up', 'lost']);
  expect(failures).toHaveLength(3);
});

test('who waits for the link waits for the first time that it stands from now on', async () => {
  const state = new RedisLinkState({ error() {} });
  let stood = false;
  const waiting = state.whenUp().then(() => {
    stood = true;
  });
  await Promise.resolve();
  expect([state.isUp, stood]).toEqual([false, false]);
  state.setUp();
  await waiting;
  await state.whenUp();
  state.close();
  expect([state.isUp, state.isClosed, stood]).toEqual([false, true, true]);
});
