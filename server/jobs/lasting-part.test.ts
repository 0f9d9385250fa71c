import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { waitFor } from '../../test/support/wait.js';
import { LastingPart } from './lasting-part.js';

/** A part that is ready, or whose connection fails, when the test says so. */
class FakePart {
  isClosed = false;
  fail!: () => void;
  private readonly ready = new Promise<void>((_, reject) => {
    this.fail = () => reject(new Error('no connection'));
  });

  waitUntilReady(): Promise<void> {
    return this.ready;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    throw new Error('it never had one');
  }
}

function open() {
  const made: FakePart[] = [];
  const lasting = new LastingPart(() => {
    const part = new FakePart();
    made.push(part);
    return part;
  }, 1);
  return { made, lasting };
}

test('a part whose connection could not be set up is closed and made anew, as often as it takes', async () => {
  const { made, lasting } = open();
  for (const n of [0, 1, 2]) {
    expect(lasting.current).toBe(made[n]);
    made[n]!.fail();
    await waitFor(() => made.length === n + 2);
    expect(made[n]!.isClosed).toBe(true);
  }
  expect(lasting.current).toBe(made[3]);
  expect(made[3]!.isClosed).toBe(false);
});

test('the last one is not made anew, whether it fails then or has failed already', async () => {
  const [one, other] = [open(), open()];
  one.made[0]!.fail();
  // Before any timer.
  await nextTurn();
  expect(one.made[0]!.isClosed).toBe(true);
  expect(one.lasting.last()).toBe(one.made[0]);
  expect(other.lasting.last()).toBe(other.made[0]);
  other.made[0]!.fail();
  await waitFor(() => other.made[0]!.isClosed);
  // A part that fails now is made anew after the same time, and so behind them.
  const barrier = open();
  barrier.made[0]!.fail();
  await waitFor(() => barrier.made.length === 2);
  expect([one.made.length, other.made.length]).toEqual([1, 1]);
});
