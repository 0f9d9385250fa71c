import { expect, test } from '@jest/globals';
import type { JobRunner } from './job-queue.js';
import { LaneEntrance } from './lane-entrance.js';
import { RunPlaces } from './run-places.js';

/** What a run is given, where it needs none of it. */
const NOTHING = [] as unknown as Parameters<JobRunner>;

function entrance(concurrency: number) {
  const taker = { concurrency };
  const time = { ms: 0 };
  return { taker, time, lane: new LaneEntrance(concurrency, taker, () => time.ms) };
}

test('one place is left to jobs from the line, whose taker is told how many it has', async () => {
  const { lane, taker } = entrance(3);
  const [first] = [await lane.placeToStart(), await lane.placeToStart()];
  expect(taker.concurrency).toBe(1);
  const third = lane.placeToStart();
  expect(await lane.run(async () => {}, 1)).toBe(true);
  first!.giveBack();
  first!.giveBack();
  expect(await third).toBeDefined();
  expect(taker.concurrency).toBe(1);
  (await third)!.giveBack();
  expect(taker.concurrency).toBe(2);
});

test('a submission that waited in vain goes into the line, and those behind it do not wait', async () => {
  const { lane, time } = entrance(1);
  const place = await lane.placeToStart();
  let end = (_?: unknown) => {};
  const long = lane.timed(
    () =>
      new Promise((resolve) => {
        end = resolve;
      }),
  )(...NOTHING);
  time.ms += 100;
  expect(await lane.placeToStart()).toBeUndefined();
  let asked = false;
  const next = lane.placeToStart().then((given) => {
    asked = true;
    return given;
  });
  await new Promise(setImmediate);
  expect(asked).toBe(true);
  expect(await next).toBeUndefined();
  end();
  await long;
  // Short runs show that waiting is worth it again.
  place!.giveBack();
  for (let runs = 0; runs < 20; runs++) {
    await lane.timed(async () => void time.ms++)(...NOTHING);
  }
  const last = await lane.placeToStart();
  const waiting = lane.placeToStart();
  last!.giveBack();
  expect(await waiting).toBeDefined();
});

test('a submission goes on waiting for a place where no run takes long: those before it wait for Redis, as it would in the line', async () => {
  const { lane } = entrance(1);
  const place = await lane.placeToStart();
  const [waiting, other] = [lane.placeToStart(), new RunPlaces(0)];
  // As long as a submission waits at first, and a turn more.
  await other.take(100);
  await new Promise(setImmediate);
  place!.giveBack();
  expect(await waiting).toBeDefined();
});

test('a submission does not overtake one that is on its way into the line', async () => {
  const { lane } = entrance(2);
  let inLine = () => {};
  const liningUp = lane.lineUp(
    () =>
      new Promise<void>((resolve) => {
        inLine = resolve;
      }),
  );
  expect(await lane.placeToStart()).toBeUndefined();
  inLine();
  await liningUp;
  expect(await lane.placeToStart()).toBeDefined();
});

test('a job from the line is not run where there is no place in time', async () => {
  const { lane } = entrance(1);
  const place = await lane.placeToStart();
  expect(await lane.run(() => Promise.reject(new Error('run')), 1)).toBe(false);
  place!.giveBack();
  expect(await lane.run(async () => {}, 1)).toBe(true);
});
