import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { HubError } from '../../shared/errors.js';
import { waitFor } from '../../test/support/wait.js';
import { CRASHES_MAX, CrashedRun } from './job-machine.js';
import type { JobAttempt, JobControl, JobQueue, JobRecord, JobRequest } from './job-queue.js';

export interface QueueLimits {
  readonly queuedMax?: number;
}

export interface QueueStore {
  /** A queue as one process has it; opened again after a `close`, it finds what the store kept. */
  open(limits?: QueueLimits): Promise<JobQueue>;
  /** Ends the store and what was opened on it. */
  end(): Promise<void>;
}

type Attempt = JobAttempt & JobControl & { resolve(result?: unknown): void; reject(error: unknown): void };

/** A worker whose runs end when the test says so. */
class Bench {
  readonly runs: Attempt[] = [];
  readonly run = (attempt: JobAttempt, control: JobControl): Promise<unknown> =>
    new Promise((resolve, reject) => {
      this.runs.push({ ...attempt, ...control, resolve, reject });
      if (control.signal.aborted) reject(control.signal.reason);
      control.signal.addEventListener('abort', () => reject(control.signal.reason), { once: true });
    });

  /** The n-th run, once it began. */
  at(n: number): Promise<Attempt> {
    return waitFor(() => this.runs[n], { what: `run ${n}` });
  }
}

export function requestOf(changes: Partial<JobRequest> = {}): JobRequest {
  const defaults = { name: 'probe', lane: 'threads', input: { n: 1 }, owner: 'ann', attempts: 1, backoffMs: 1, timeoutMs: 60_000 } as const;
  return { ...defaults, resultTtlMs: 60_000, ...changes };
}

/** What every job queue keeps to. */
export function jobQueueContract(engine: string, start: () => Promise<QueueStore>): void {
  describe(`${engine} as a job queue`, () => {
    let store: QueueStore;
    let queue: JobQueue;
    let bench: Bench;
    let changes: JobRecord[];
    beforeEach(async () => {
      store = await start();
      bench = new Bench();
      changes = [];
      queue = await open();
    });
    afterEach(() => store.end());

    async function open(limits?: QueueLimits): Promise<JobQueue> {
      const opened = await store.open(limits);
      opened.onChange((record) => changes.push(record));
      return opened;
    }
    const work = (threads = 1, loop = 0) => queue.work(bench.run, { concurrency: { threads, loop } });
    const statesOf = (jobId: string) => changes.filter(({ state }) => state.jobId === jobId).map(({ state }) => state.state);
    const stateOf = async (jobId: string) => (await queue.get(jobId)).state;
    const ended = (jobId: string) =>
      waitFor(() => changes.find(({ state }) => state.jobId === jobId && state.endedAt !== undefined)?.state, { what: 'its end' });

    test('a job is queued, active and done, each state reported in order and kept', async () => {
      const { state, owner } = await queue.submit(requestOf());
      expect({ ...state, owner }).toMatchObject({ name: 'probe', state: 'queued', owner: 'ann' });
      await work();
      const run = await bench.at(0);
      expect(run).toMatchObject({ jobId: state.jobId, name: 'probe', input: { n: 1 }, owner: 'ann', attempt: 1, timeoutMs: 60_000 });
      expect(await stateOf(state.jobId)).toMatchObject({ state: 'active', createdAt: state.createdAt });
      run.resolve({ answer: 42 });
      const done = await ended(state.jobId);
      expect(done).toMatchObject({ state: 'done', result: { answer: 42 } });
      expect(done.startedAt).toBeGreaterThanOrEqual(done.createdAt);
      expect(done.endedAt).toBeGreaterThanOrEqual(done.startedAt!);
      expect(await queue.get(state.jobId)).toEqual({ state: done, owner: 'ann' });
      expect(statesOf(state.jobId)).toEqual(['queued', 'active', 'done']);
      const revisions = changes.map((change) => change.state.revision);
      expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
      expect(new Set(revisions).size).toBe(3);
    });

    test('a job without a result is done', async () => {
      await work();
      const { state } = await queue.submit(requestOf());
      (await bench.at(0)).resolve();
      expect(await ended(state.jobId)).not.toHaveProperty('result');
    });

    test('progress is reported at most five times a second, and the last one is in the end state', async () => {
      await work();
      const { state } = await queue.submit(requestOf());
      const run = await bench.at(0);
      for (let i = 0; i <= 1_000; i++) run.progress({ done: i / 1_000, data: { i } });
      await waitFor(() => changes.some((change) => change.state.progress));
      run.resolve('x');
      expect(await ended(state.jobId)).toMatchObject({ state: 'done', progress: { done: 1, data: { i: 1_000 } } });
      expect(statesOf(state.jobId).length).toBeLessThan(10);
    });

    test('a failed attempt is repeated until the attempts are used up', async () => {
      await work();
      const { state } = await queue.submit(requestOf({ attempts: 3 }));
      for (let n = 0; n < 3; n++) {
        const run = await bench.at(n);
        expect(run.attempt).toBe(n + 1);
        if (n > 0) expect(run.fence).toBeGreaterThan(bench.runs[n - 1]!.fence);
        run.reject(new HubError('unavailable', `away ${n}`));
      }
      expect(await ended(state.jobId)).toMatchObject({ state: 'failed', error: { code: 'unavailable', message: 'away 2' } });
      expect(statesOf(state.jobId)).toEqual(['queued', 'active', 'queued', 'active', 'queued', 'active', 'failed']);
    });

    test('an error that a repetition cannot help fails the job at once', async () => {
      await work();
      const { state } = await queue.submit(requestOf({ attempts: 3 }));
      (await bench.at(0)).reject(new HubError('too_large', 'no'));
      expect(await ended(state.jobId)).toMatchObject({ state: 'failed', error: { code: 'too_large' } });
      expect(bench.runs).toHaveLength(1);
    });

    test('the text of an unknown error stays inside', async () => {
      await work();
      const { state } = await queue.submit(requestOf());
      (await bench.at(0)).reject(new Error('password=secret'));
      const failed = await ended(state.jobId);
      expect(failed.error?.code).toBe('internal');
      expect(JSON.stringify(failed)).not.toContain('secret');
    });

    test('a queued job that is cancelled never runs', async () => {
      const { state } = await queue.submit(requestOf());
      expect((await queue.cancel(state.jobId)).state).toMatchObject({ state: 'cancelled' });
      const barrier = await queue.submit(requestOf());
      await work();
      const run = await bench.at(0);
      expect(run.jobId).toBe(barrier.state.jobId);
      run.resolve();
      await ended(barrier.state.jobId);
      expect(bench.runs).toHaveLength(1);
      expect(await stateOf(state.jobId)).toMatchObject({ state: 'cancelled' });
    });

    test('an active job that is cancelled gets its signal, and its place is free', async () => {
      await work();
      const { state } = await queue.submit(requestOf());
      const run = await bench.at(0);
      expect((await queue.cancel(state.jobId)).state).toMatchObject({ state: 'cancelled' });
      await waitFor(() => run.signal.aborted, { what: 'the signal' });
      run.resolve('too late');
      const next = await queue.submit(requestOf());
      (await bench.at(1)).resolve('next');
      await ended(next.state.jobId);
      expect(await stateOf(state.jobId)).toMatchObject({ state: 'cancelled' });
      expect(statesOf(state.jobId)).toEqual(['queued', 'active', 'cancelled']);
    });

    test('to cancel what has ended changes nothing', async () => {
      await work();
      const { state } = await queue.submit(requestOf());
      (await bench.at(0)).resolve(1);
      const done = await ended(state.jobId);
      expect((await queue.cancel(state.jobId)).state).toEqual(done);
      expect(statesOf(state.jobId)).toEqual(['queued', 'active', 'done']);
    });

    test('nobody knows a job that there is not', async () => {
      await expect(queue.get('nothing')).rejects.toMatchObject({ code: 'unknown_job' });
      await expect(queue.cancel('nothing')).rejects.toMatchObject({ code: 'unknown_job' });
    });

    test('submissions of one owner, name and key are one run; others are not', async () => {
      const first = await queue.submit(requestOf({ key: 'k' }));
      const again = await Promise.all([queue.submit(requestOf({ key: 'k' })), queue.submit(requestOf({ key: 'k' }))]);
      expect(again.map(({ state }) => state.jobId)).toEqual([first.state.jobId, first.state.jobId]);
      const others = [requestOf({ key: 'l' }), requestOf({ key: 'k', owner: 'bob' }), requestOf({ key: 'k', name: 'other' }), requestOf()];
      const ids = (await Promise.all(others.map((request) => queue.submit(request)))).map(({ state }) => state.jobId);
      expect(new Set([first.state.jobId, ...ids]).size).toBe(5);
      await work();
      (await bench.at(0)).resolve('once');
      await ended(first.state.jobId);
      expect((await queue.submit(requestOf({ key: 'k' }))).state).toMatchObject({ jobId: first.state.jobId, result: 'once' });
    });

    test('two submissions with one key at once are one run', async () => {
      const both = await Promise.all([queue.submit(requestOf({ key: 'k' })), queue.submit(requestOf({ key: 'k' }))]);
      expect(both[0]!.state.jobId).toBe(both[1]!.state.jobId);
    });

    test('a key whose run failed or was cancelled begins a new one', async () => {
      await work();
      const failed = await queue.submit(requestOf({ key: 'k' }));
      (await bench.at(0)).reject(new HubError('invalid'));
      await ended(failed.state.jobId);
      const second = await queue.submit(requestOf({ key: 'k' }));
      expect(second.state.jobId).not.toBe(failed.state.jobId);
      await queue.cancel(second.state.jobId);
      const third = await queue.submit(requestOf({ key: 'k' }));
      expect(third.state.jobId).not.toBe(second.state.jobId);
    });

    test('no more run at once than a lane has places, and lanes do not wait for each other', async () => {
      await work(2, 1);
      for (let n = 0; n < 4; n++) await queue.submit(requestOf());
      for (let n = 0; n < 2; n++) await queue.submit(requestOf({ lane: 'loop' }));
      await bench.at(2);
      const barrier = await queue.depth();
      expect(barrier).toMatchObject({ queued: 3, active: 3 });
      expect(bench.runs).toHaveLength(3);
      for (let n = 0; n < 6; n++) (await bench.at(n)).resolve();
      await waitFor(async () => (await queue.depth()).active === 0);
    });

    test('a lane without places is left to others', async () => {
      await work(1, 0);
      const left = await queue.submit(requestOf({ lane: 'loop' }));
      const barrier = await queue.submit(requestOf());
      (await bench.at(0)).resolve();
      await ended(barrier.state.jobId);
      expect(await stateOf(left.state.jobId)).toMatchObject({ state: 'queued' });
    });

    test("one owner's jobs start in order, and owners take turns", async () => {
      const owners: Record<string, string> = {};
      for (let n = 0; n < 5; n++) owners[(await queue.submit(requestOf({ owner: 'ann', input: n }))).state.jobId] = `ann ${n}`;
      for (let n = 0; n < 2; n++) owners[(await queue.submit(requestOf({ owner: 'bob', input: n }))).state.jobId] = `bob ${n}`;
      await work();
      const order: string[] = [];
      for (let n = 0; n < 7; n++) {
        const run = await bench.at(n);
        order.push(owners[run.jobId]!);
        run.resolve();
      }
      expect(order.filter((who) => who.startsWith('ann'))).toEqual(['ann 0', 'ann 1', 'ann 2', 'ann 3', 'ann 4']);
      expect(order.filter((who) => who.startsWith('bob'))).toEqual(['bob 0', 'bob 1']);
      expect(order.indexOf('bob 0')).toBeLessThan(2);
      expect(order.indexOf('bob 1')).toBeLessThan(4);
    });

    test('a higher priority goes before, whoever submitted first', async () => {
      const ids: string[] = [];
      for (const priority of ['low', undefined, 'high', 'low', 'normal', 'high'] as const) {
        ids.push((await queue.submit(requestOf({ ...(priority && { priority }) }))).state.jobId);
      }
      await work();
      const order: number[] = [];
      for (let n = 0; n < ids.length; n++) {
        const run = await bench.at(n);
        order.push(ids.indexOf(run.jobId));
        run.resolve();
      }
      expect(order).toEqual([2, 5, 1, 4, 0, 3]);
    });

    test('one user has no more unfinished jobs of a handler than it allows', async () => {
      const limited = (owner: string, name = 'probe') => queue.submit(requestOf({ owner, name, perUserLimit: 2 }));
      await work();
      const first = await limited('ann');
      await limited('ann');
      await bench.at(0);
      await expect(limited('ann')).rejects.toMatchObject({ code: 'busy', retryAfterMs: expect.any(Number) });
      await limited('bob');
      await limited('ann', 'other');
      (await bench.at(0)).reject(new HubError('invalid'));
      await ended(first.state.jobId);
      const third = await limited('ann');
      await expect(limited('ann')).rejects.toMatchObject({ code: 'busy' });
      await queue.cancel(third.state.jobId);
      await limited('ann');
    });

    /** Jobs of a handler of which one runs at a time. */
    const single = (changes: Partial<JobRequest> = {}) => queue.submit(requestOf({ name: 'single', concurrency: 1, ...changes }));

    test('no more jobs of a handler run at once than it allows, and those behind them do not wait', async () => {
      await work(4);
      const singles = [await single(), await single(), await single()];
      const others = [await queue.submit(requestOf()), await queue.submit(requestOf())];
      await bench.at(2);
      const barrier = await queue.depth();
      expect(barrier).toMatchObject({
        queued: 2,
        active: 3,
        byName: { single: { queued: 2, active: 1 }, probe: { queued: 0, active: 2 } },
      });
      expect(bench.runs.map(({ jobId }) => jobId).sort()).toEqual([singles[0]!, ...others].map(({ state }) => state.jobId).sort());
      for (const { name, resolve } of bench.runs) if (name === 'single') resolve();
      expect((await bench.at(3)).jobId).toBe(singles[1]!.state.jobId);
      expect((await queue.depth()).byName.single).toMatchObject({ queued: 1, active: 1 });
      bench.runs[3]!.resolve();
      expect((await bench.at(4)).jobId).toBe(singles[2]!.state.jobId);
    });

    test('a handler may allow more than one, over all that it is submitted', async () => {
      await work(4);
      const double = () => queue.submit(requestOf({ name: 'double', concurrency: 2 }));
      await Promise.all([double(), double(), double(), double(), double()]);
      for (let n = 0; n < 5; n++) {
        const run = await bench.at(n);
        expect((await queue.depth()).byName.double!.active).toBeLessThanOrEqual(2);
        run.resolve();
      }
      await waitFor(async () => (await queue.depth()).active === 0);
    });

    test('a run that fails, waits for its next attempt or is cancelled makes way for the next job of its handler', async () => {
      await work(2);
      const again = await single({ attempts: 2, backoffMs: 300 });
      await bench.at(0);
      const cancelled = await single();
      const failed = await single();
      const never = await single();
      const last = await single();
      (await bench.at(0)).reject(new Error('once more'));
      expect((await bench.at(1)).jobId).toBe(cancelled.state.jobId);
      await queue.cancel(never.state.jobId);
      await queue.cancel(cancelled.state.jobId);
      const third = await bench.at(2);
      expect(third.jobId).toBe(failed.state.jobId);
      await waitFor(() => statesOf(again.state.jobId).length === 3);
      third.reject(new HubError('invalid'));
      const left = [await bench.at(3)];
      left[0]!.resolve();
      left.push(await bench.at(4));
      left[1]!.resolve();
      expect(left.map(({ jobId }) => jobId).sort()).toEqual([again.state.jobId, last.state.jobId].sort());
      expect(await ended(again.state.jobId)).toMatchObject({ state: 'done' });
      await ended(last.state.jobId);
      expect(bench.runs).toHaveLength(5);
    });

    test('jobs that wait for their handler keep their turns and priorities', async () => {
      await work(2);
      const first = await single({ owner: 'cleo' });
      await bench.at(0);
      const ids = [first.state.jobId];
      for (const owner of ['ann', 'ann', 'bob'] as const) ids.push((await single({ owner })).state.jobId);
      ids.push((await single({ owner: 'ann', priority: 'high' })).state.jobId);
      const order: number[] = [];
      for (let n = 0; n < ids.length; n++) {
        const run = await bench.at(n);
        order.push(ids.indexOf(run.jobId));
        run.resolve();
      }
      expect(order).toEqual([0, 4, 1, 3, 2]);
    });

    test('what waits for its handler is there after the next start', async () => {
      await work();
      const running = await single();
      const waiting = await single();
      await bench.at(0);
      await queue.close(0);
      queue = await open();
      await work(2);
      const again = await bench.at(1);
      expect((await queue.depth()).byName.single).toMatchObject({ queued: 1, active: 1 });
      again.resolve();
      (await bench.at(2)).resolve();
      await ended(running.state.jobId);
      await ended(waiting.state.jobId);
    });

    test('a run that there is to be once is joined, whatever became of it', async () => {
      await work();
      const once = () => queue.submit(requestOf({ key: 'tick 1', once: true }));
      const [first, again] = await Promise.all([once(), once()]);
      expect(again.state.jobId).toBe(first.state.jobId);
      (await bench.at(0)).reject(new HubError('invalid'));
      await ended(first.state.jobId);
      expect((await once()).state).toMatchObject({ jobId: first.state.jobId, state: 'failed' });
      const other = await queue.submit(requestOf({ key: 'tick 2', once: true }));
      expect((await bench.at(1)).jobId).toBe(other.state.jobId);
      await queue.cancel(other.state.jobId);
      expect((await queue.submit(requestOf({ key: 'tick 2', once: true }))).state).toMatchObject({ state: 'cancelled' });
    });

    test('a full queue refuses with busy, and takes again when it has room', async () => {
      queue = await open({ queuedMax: 3 });
      await queue.submit(requestOf());
      await queue.submit(requestOf());
      const refused = await queue.submit(requestOf()).catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: 'busy', retryAfterMs: expect.any(Number) });
      const bob = await queue.submit(requestOf({ owner: 'bob' }));
      await expect(queue.submit(requestOf({ owner: 'cleo' }))).rejects.toMatchObject({ code: 'busy' });
      await queue.cancel(bob.state.jobId);
      await queue.submit(requestOf({ owner: 'cleo' }));
    });

    test('a job that waits is told its place in line, by priority and turn, until it starts', async () => {
      const submitted: string[] = [];
      const placeOf = async (changes: Partial<JobRequest> = {}) => {
        const { state } = await queue.submit(requestOf(changes));
        submitted.push(state.jobId);
        return state.place;
      };
      const places = [await placeOf(), await placeOf(), await placeOf({ owner: 'bob' })];
      places.push(await placeOf({ owner: 'cleo', priority: 'high' }), await placeOf());
      expect(places).toEqual([1, 2, 2, 1, 5]);
      expect(changes.map(({ state }) => state.place)).toEqual(places);
      expect(await Promise.all(submitted.map(async (jobId) => (await stateOf(jobId)).place))).toEqual(places);
      expect((await queue.list({ owner: 'bob', limit: 1 }))[0]!.state.place).toBe(2);
      await queue.cancel(submitted[4]!);
      expect(await stateOf(submitted[4]!)).not.toHaveProperty('place');
      await work();
      (await bench.at(0)).resolve();
      await waitFor(() => changes.find(({ state }) => state.state === 'done'));
      expect(changes.filter(({ state }) => state.state !== 'queued' && 'place' in state)).toEqual([]);
    });

    test('users who fill the line leave places to those who have nothing waiting', async () => {
      queue = await open({ queuedMax: 40 });
      const taken: Record<string, number> = {};
      for (const owner of ['ann', 'bob', 'cleo', 'dan', 'eve', 'fay', 'gus', 'hal', 'ida']) {
        const take = () => queue.submit(requestOf({ owner })).then(() => true, noneWhereBusy);
        for (taken[owner] = 0; await take(); ) taken[owner]++;
      }
      expect(taken).toEqual({ ann: 20, bob: 10, cleo: 5, dan: 1, eve: 1, fay: 1, gus: 1, hal: 1, ida: 0 });
    });

    test('owners with one holder have the share of one in line, of a handler too, and take one turn', async () => {
      queue = await open({ queuedMax: 6 });
      const guest = (n: number, changes: Partial<JobRequest> = {}) =>
        requestOf({ owner: `guest-${n}`, holder: 'address 10.0.0.1', ...changes });
      for (let n = 0; n < 3; n++) await queue.submit(guest(n));
      await expect(queue.submit(guest(3))).rejects.toMatchObject({ code: 'busy' });
      const bob = await queue.submit(requestOf({ owner: 'bob' }));
      await work();
      for (let n = 0; n < 4; n++) (await bench.at(n)).resolve();
      expect(bench.runs.findIndex(({ jobId }) => jobId === bob.state.jobId)).toBeLessThan(2);
      await queue.submit(guest(4, { name: 'other', perUserLimit: 1 }));
      await expect(queue.submit(guest(5, { name: 'other', perUserLimit: 1 }))).rejects.toMatchObject({ code: 'busy' });
      expect((await queue.list({ owner: 'guest-2', limit: 10 })).map(({ owner }) => owner)).toEqual(['guest-2']);
    });

    test('lists the newest first, of one owner or of all', async () => {
      const ids: string[] = [];
      for (const owner of ['ann', 'bob', 'ann', 'ann']) ids.push((await queue.submit(requestOf({ owner }))).state.jobId);
      const list = async (query: { owner?: string; limit: number }) => (await queue.list(query)).map(({ state }) => state.jobId);
      expect(await list({ limit: 10 })).toEqual([...ids].reverse());
      expect(await list({ owner: 'ann', limit: 2 })).toEqual([ids[3], ids[2]]);
      expect(await list({ owner: 'nobody', limit: 2 })).toEqual([]);
    });

    test('an ended job is forgotten after its time', async () => {
      await work();
      const { state } = await queue.submit(requestOf({ resultTtlMs: 1, key: 'k' }));
      (await bench.at(0)).resolve('x');
      await ended(state.jobId);
      await waitFor(() =>
        queue.get(state.jobId).then(
          () => false,
          (error: HubError) => error.code === 'unknown_job',
        ),
      );
      expect((await queue.submit(requestOf({ key: 'k' }))).state.jobId).not.toBe(state.jobId);
      expect((await queue.list({ limit: 10 })).map((record) => record.state.jobId)).not.toContain(state.jobId);
    });

    /** The dead letter that a job becomes. */
    async function dead(request: Partial<JobRequest>, ...thrown: unknown[]): Promise<string> {
      const first = bench.runs.length;
      const { state } = await queue.submit(requestOf({ attempts: thrown.length, ...request }));
      for (const [n, error] of thrown.entries()) (await bench.at(first + n)).reject(error);
      await ended(state.jobId);
      return state.jobId;
    }

    test('a job that used up its attempts is a dead letter: with its input, and when and why each failed [P110]', async () => {
      await work();
      const jobId = await dead({ input: { n: 7 } }, new HubError('unavailable', 'away'), new TypeError('a bug'));
      const unharmed = await queue.submit(requestOf());
      (await bench.at(2)).resolve();
      await ended(unharmed.state.jobId);
      expect((await queue.list({ state: 'failed', limit: 10 })).map(({ state }) => state.jobId)).toEqual([jobId]);
      expect((await queue.list({ state: 'failed', owner: 'ann', limit: 10 })).map(({ state }) => state.jobId)).toEqual([jobId]);
      expect(await queue.list({ state: 'failed', owner: 'bob', limit: 10 })).toEqual([]);
      const details = await queue.inspect(jobId);
      expect(details).toMatchObject({
        owner: 'ann',
        input: { n: 7 },
        attempt: 2,
        attempts: 2,
        crashes: 0,
        job: { jobId, state: 'failed' },
      });
      const [first, second] = details.failures;
      expect(first).toMatchObject({ attempt: 1, error: { code: 'unavailable', message: 'away' } });
      expect(first).not.toHaveProperty('cause');
      expect(second).toMatchObject({ attempt: 2, error: { code: 'internal' }, cause: expect.stringContaining('TypeError: a bug') });
      expect(second!.endedAt).toBeGreaterThanOrEqual(second!.startedAt);
      expect(second!.startedAt).toBeGreaterThanOrEqual(first!.endedAt);
      await expect(queue.inspect('nothing')).rejects.toMatchObject({ code: 'unknown_job' });
    });

    test('a dead letter that is run again has all its attempts before it, and is none any more', async () => {
      await work();
      const jobId = await dead({ key: 'k' }, new Error('no'), new Error('no'));
      const failed = (await queue.get(jobId)).state;
      const again = (await queue.retry(jobId)).state;
      expect(again).toMatchObject({ jobId, state: 'queued', createdAt: failed.createdAt });
      expect(again.revision).toBeGreaterThan(failed.revision);
      expect(again).not.toHaveProperty('endedAt');
      const run = await bench.at(2);
      expect(run).toMatchObject({ jobId, attempt: 1 });
      expect(run.fence).toBeGreaterThan(bench.runs[1]!.fence);
      expect((await queue.retry(jobId)).state).toMatchObject({ state: 'active' });
      run.reject(new Error('once more'));
      (await bench.at(3)).resolve('in the end');
      await waitFor(async () => (await stateOf(jobId)).state === 'done');
      expect((await queue.submit(requestOf({ key: 'k' }))).state).toMatchObject({ jobId, result: 'in the end' });
      expect(await queue.list({ state: 'failed', limit: 10 })).toEqual([]);
      await expect(queue.retry(jobId)).rejects.toMatchObject({ code: 'invalid' });
      expect(await queue.depth()).toMatchObject({ queued: 0, active: 0, oldestQueuedMs: 0, byName: { probe: { queued: 0, active: 0 } } });
    });

    test('a dead letter takes a place in line, which may be full, and waits from then on', async () => {
      queue = await open({ queuedMax: 2 });
      await work();
      const [ann, bob] = [await dead({}, new Error('no')), await dead({ owner: 'bob' }, new Error('no'))];
      const barrier = await queue.submit(requestOf({ owner: 'cleo' }));
      await bench.at(2);
      await queue.retry(ann);
      await expect(queue.submit(requestOf())).rejects.toMatchObject({ code: 'busy' });
      await queue.submit(requestOf({ owner: 'cleo' }));
      await expect(queue.retry(bob)).rejects.toMatchObject({ code: 'busy' });
      expect(await queue.depth()).toMatchObject({ queued: 2, active: 1 });
      expect((await queue.depth()).oldestQueuedMs).toBeLessThanOrEqual(Date.now() - barrier.state.createdAt);
    });

    test('a dead letter that is discarded is forgotten, with its key; any other job is not [P137]', async () => {
      await work();
      const jobId = await dead({ key: 'k' }, new Error('no'));
      const kept = await dead({}, new Error('no'));
      const done = await queue.submit(requestOf());
      (await bench.at(2)).resolve('x');
      await ended(done.state.jobId);
      const { revision } = await stateOf(jobId);
      const discarded = await queue.discard(jobId);
      expect(discarded).toMatchObject({ state: { jobId, state: 'cancelled', revision: revision + 1 }, discarded: true });
      expect(await queue.get(jobId)).toEqual(discarded);
      for (const act of ['retry', 'discard', 'cancel', 'inspect'] as const) {
        await expect(queue[act](jobId)).rejects.toMatchObject({ code: 'unknown_job' });
      }
      await expect(queue.discard(done.state.jobId)).rejects.toMatchObject({ code: 'invalid' });
      const idsOf = async (query: { state?: 'failed' }) => (await queue.list({ ...query, limit: 10 })).map(({ state }) => state.jobId);
      expect(await idsOf({ state: 'failed' })).toEqual([kept]);
      expect(await idsOf({})).toEqual([done.state.jobId, kept]);
      queue = await open();
      expect(await queue.get(jobId)).toEqual(discarded);
      expect(await idsOf({})).toEqual([done.state.jobId, kept]);
      expect((await queue.submit(requestOf({ key: 'k', once: true }))).state.jobId).not.toBe(jobId);
    });

    test('a job whose thread ends under it again and again is a dead letter, whatever attempts it has left', async () => {
      await work();
      const jobId = await dead({ attempts: 100 }, ...Array.from({ length: CRASHES_MAX }, () => new CrashedRun('exit 3')));
      const details = await queue.inspect(jobId);
      expect(details).toMatchObject({ crashes: CRASHES_MAX, attempt: CRASHES_MAX, job: { state: 'failed' } });
      expect(details.failures.at(-1)).toMatchObject({ cause: expect.stringContaining('exit 3') });
      const barrier = await queue.submit(requestOf());
      expect((await bench.at(CRASHES_MAX)).jobId).toBe(barrier.state.jobId);
    });

    test('a failed job is kept for a time of its own', async () => {
      await work();
      const kept = await dead({ resultTtlMs: 1, failedTtlMs: 60_000 }, new Error('no'));
      const gone = await dead({ resultTtlMs: 60_000, failedTtlMs: 1 }, new Error('no'));
      await waitFor(() =>
        queue.get(gone).then(
          () => false,
          (error: HubError) => error.code === 'unknown_job',
        ),
      );
      expect((await queue.list({ state: 'failed', limit: 10 })).map(({ state }) => state.jobId)).toEqual([kept]);
    });

    test('depth counts what waits and runs, and how long the oldest waits', async () => {
      expect(await queue.depth()).toEqual({ queued: 0, active: 0, oldestQueuedMs: 0, byName: {} });
      const first = await queue.submit(requestOf());
      await waitFor(async () => (await queue.depth()).oldestQueuedMs > 5);
      await queue.submit(requestOf({ name: 'other', lane: 'loop' }));
      const waiting = await queue.depth();
      expect(waiting).toMatchObject({ queued: 2, active: 0, byName: { probe: { queued: 1, active: 0 }, other: { queued: 1, active: 0 } } });
      expect(waiting.byName.probe!.oldestQueuedMs).toBeGreaterThan(waiting.byName.other!.oldestQueuedMs);
      expect(waiting.oldestQueuedMs).toBe(waiting.byName.probe!.oldestQueuedMs);
      await work();
      await bench.at(0);
      expect(await queue.depth()).toMatchObject({ queued: 1, active: 1, byName: { probe: { queued: 0, active: 1, oldestQueuedMs: 0 } } });
      await queue.cancel(first.state.jobId);
    });

    test('closing lets running jobs end and starts no other', async () => {
      await work();
      const running = await queue.submit(requestOf());
      const waiting = await queue.submit(requestOf());
      const run = await bench.at(0);
      const closed = queue.close(60_000);
      run.resolve('in time');
      await closed;
      expect(statesOf(running.state.jobId)).toEqual(['queued', 'active', 'done']);
      expect(statesOf(waiting.state.jobId)).toEqual(['queued']);
      expect(bench.runs).toHaveLength(1);
      await expect(queue.submit(requestOf())).rejects.toMatchObject({ code: 'closing' });
    });

    test('what closing cuts off runs again after the next start, with its attempts left', async () => {
      await work();
      const cut = await queue.submit(requestOf());
      const waiting = await queue.submit(requestOf());
      const run = await bench.at(0);
      await queue.close(0);
      expect(run.signal.aborted).toBe(true);
      queue = await open();
      await work(2);
      const again = [await bench.at(1), await bench.at(2)];
      expect(again.map(({ jobId }) => jobId).sort()).toEqual([cut.state.jobId, waiting.state.jobId].sort());
      for (const { resolve } of again) resolve('again');
      expect(await ended(cut.state.jobId)).toMatchObject({ state: 'done', result: 'again' });
      expect(again.find(({ jobId }) => jobId === cut.state.jobId)).toMatchObject({ attempt: 1 });
      expect(again.find(({ jobId }) => jobId === cut.state.jobId)!.fence).toBeGreaterThan(run.fence);
    });
  });
}

/** Whether it is full is what was asked. @throws any other error */
function noneWhereBusy(error: unknown): false {
  if (error instanceof HubError && error.code === 'busy') return false;
  throw error;
}
