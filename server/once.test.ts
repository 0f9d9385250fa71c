import { expect, test } from '@jest/globals';
import { once } from './once.js';

test('however often it is called it runs once, and each call gives what the first gave', () => {
  let runs = 0;
  const run = once(() => ++runs);
  expect([run(), run(), run()]).toEqual([1, 1, 1]);
});

test('a call from within the first does not run it again', () => {
  let runs = 0;
  const run: () => void = once(() => {
    runs++;
    run();
  });
  run();
  expect(runs).toBe(1);
});

test('after a run that threw it does not run again', () => {
  let runs = 0;
  const run = once(() => {
    runs++;
    throw new Error('no');
  });
  expect(run).toThrow('no');
  expect(run).not.toThrow();
  expect(runs).toBe(1);
});
