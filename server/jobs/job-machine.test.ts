import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HubError } from '../../shared/errors.js';
import {
  CRASHES_MAX,
  CrashedRun,
  cancelJob,
  completeJob,
  failJob,
  forgetAt,
  isEnded,
  isRunning,
  type Job,
  keyOf,
  newJob,
  progressJob,
  putBackJob,
  recoverJob,
  retryJob,
  startJob,
} from './job-machine.js';
import { requestOf } from './job-queue.contract.js';

const STEPS = ['start', 'progress', 'complete', 'fail', 'cancel', 'put back', 'recover', 'crash', 'retry'] as const;

/** Takes the step where it is allowed: what an engine would do. */
function step(job: Job, what: (typeof STEPS)[number], now: number): Job {
  if (what === 'retry') return job.state.state === 'failed' ? retryJob(job, now) : job;
  if (isEnded(job)) return job;
  if (what === 'cancel') return cancelJob(job, now);
  if (job.state.state === 'queued') return what === 'start' ? startJob(job, now) : job;
  switch (what) {
    case 'start':
      return job;
    case 'progress':
      return progressJob(job, { done: 0.5 });
    case 'complete':
      return completeJob(job, { n: 1 }, now);
    case 'fail':
      return failJob(job, new Error('no'), now);
    case 'crash':
      return failJob(job, new CrashedRun('gone'), now);
    case 'put back':
      return putBackJob(job);
    case 'recover':
      return recoverJob(job, now);
  }
}

test('whatever happens: revisions and fences rise, attempts stay in bounds, and the end is the end unless a failed job is run again', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...STEPS)), fc.integer({ min: 1, max: 5 }), (steps, attempts) => {
      let job = newJob(requestOf({ attempts }), 'j', 0);
      steps.forEach((what, i) => {
        const next = step(job, what, i + 1);
        if (isEnded(job) && next !== job) expect([what, job.state.state]).toEqual(['retry', 'failed']);
        expect(next.failures?.length ?? 0).toBeLessThanOrEqual(5);
        if (next !== job) expect(next.state.revision).toBeGreaterThan(job.state.revision);
        expect(next.fence).toBeGreaterThanOrEqual(job.fence);
        expect(next.attempt).toBeLessThanOrEqual(attempts);
        expect(next.crashes).toBeLessThanOrEqual(CRASHES_MAX);
        expect(next.state.endedAt !== undefined).toBe(isEnded(next));
        expect('result' in next.state).toBe(next.state.state === 'done');
        if (next.state.state === 'queued') expect(next.state.startedAt).toBeUndefined();
        expect(isRunning(next, next.fence)).toBe(next.state.state === 'active');
        expect(isRunning(next, next.fence - 1)).toBe(false);
        job = next;
      });
    }),
  );
});

test('a failed attempt waits twice as long as the one before', () => {
  let job = newJob(requestOf({ attempts: 5, backoffMs: 100 }), 'j', 0);
  const waits: number[] = [];
  for (let n = 0; n < 4; n++) {
    job = failJob(startJob(job, 1_000), new Error('no'), 1_000);
    waits.push(job.notBefore! - 1_000);
  }
  expect(waits).toEqual([100, 200, 400, 800]);
  expect(startJob(job, 2_000)).not.toHaveProperty('notBefore');
});

test('only an error that may pass is tried again', () => {
  const started = startJob(newJob(requestOf({ attempts: 3 }), 'j', 0), 1);
  expect(failJob(started, new HubError('unavailable'), 2).state.state).toBe('queued');
  expect(failJob(started, new TypeError('bug'), 2).state).toMatchObject({ state: 'queued', error: { code: 'internal' } });
  expect(failJob(started, new HubError('invalid', 'why'), 2).state).toMatchObject({
    state: 'failed',
    error: { code: 'invalid', message: 'why' },
  });
});

test('an ended job is forgotten when its time is over, one that has not ended never', () => {
  const job = startJob(newJob(requestOf({ resultTtlMs: 500 }), 'j', 0), 1);
  expect(forgetAt(job)).toBe(Number.POSITIVE_INFINITY);
  expect(forgetAt(completeJob(job, 1, 100))).toBe(600);
});

test('keys of different owners, names and texts are different, however they are cut', () => {
  const keys = [
    requestOf({ owner: 'a', name: 'b', key: 'c' }),
    requestOf({ owner: 'a","b', name: 'c', key: '' }),
    requestOf({ owner: 'a', name: 'b:c', key: '' }),
    requestOf({ owner: 'a:b', name: 'c', key: '' }),
  ].map(keyOf);
  expect(new Set(keys).size).toBe(4);
  expect(keyOf(requestOf())).toBeUndefined();
});

test('of a message that repeats what somebody gave, the beginning is kept', () => {
  const running = startJob(newJob(requestOf(), 'j', 1), 2);
  const failed = failJob(running, new HubError('invalid', 'm'.repeat(60_000)), 3);
  expect(failed.state.error?.message).toHaveLength(1_000);
  expect(failed.failures?.[0]?.error.message).toHaveLength(1_000);
});
