import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { z } from 'zod';
import { HubError } from '../../shared/errors.js';
import { BOUNDS } from '../../shared/limits.js';
import type { JobState } from '../../shared/protocol.js';
import { waitFor } from '../../test/support/wait.js';
import { type Principal, SYSTEM } from '../auth/principal.js';
import { createCache } from '../cache/layered-cache.js';
import { createMemoryCacheStore } from '../cache/memory-cache-store.js';
import { defineJob, JobHandlers } from './handler.js';
import type { JobQueue, JobRunner } from './job-queue.js';
import { createJobService, type JobService } from './job-service.js';
import { createPiscinaJobQueue } from './piscina-job-queue.js';

const logger = { info() {}, warn() {}, error() {} };
const noGrants = { read: [], write: [], ingest: [] };
const user = (id: string, admin = false): Principal => ({ user: { id, name: id }, guest: false, admin, grants: noGrants });
const [ann, bob, admin] = [user('ann'), user('bob'), user('root', true)];

let queue: JobQueue;
let service: JobService;
let published: { room: string; state: JobState; id: string | undefined }[];
let failures: HubError[];
/** States that the log was given, the same one again after each failure. */
let asked: string[];
/** What the log waits for before it takes a state. */
let taking: Promise<unknown> | undefined;
let mayReadPrivate: boolean;
let writers: Principal[];
const cache = createCache({ near: createMemoryCacheStore() });
const handlers = new JobHandlers([
  defineJob({ name: 'add', input: z.strictObject({ a: z.number(), b: z.object({ c: z.number() }).optional() }), run: () => 1 }),
  defineJob({ name: 'look', input: z.strictObject({ room: z.string() }), room: 'room', run: () => 1, key: ({ room }) => room }),
  defineJob({ name: 'tell', input: z.strictObject({ room: z.string() }), room: 'room', reach: 'room', run: () => 1 }),
]);

beforeEach(() => {
  published = [];
  failures = [];
  taking = undefined;
  asked = [];
  mayReadPrivate = true;
  writers = [ann, SYSTEM];
  queue = createPiscinaJobQueue({ logger });
  service = createJobService({
    queue,
    handlers,
    cache,
    logger,
    timeoutMs: 60_000,
    resultTtlMs: 60_000,
    results: { create: () => Promise.reject(new Error('unused')), open: async () => undefined, close: async () => {} },
    publisher: {
      async publish(room, _type, data, options) {
        asked.push((data as JobState).state);
        // The log takes its time, so that states wait behind each other.
        await (taking ?? new Promise(setImmediate));
        const failure = failures.shift();
        if (failure) throw failure;
        if (options?.after !== undefined && !published.some(({ id }) => id === options.after)) throw new HubError('out_of_order');
        published.push({ room, state: data as JobState, id: options?.id });
        return { id: options?.id ?? '', position: 'e:1', time: 0 };
      },
    },
    admitWriter: async (principal) => {
      if (!writers.includes(principal)) throw new HubError('forbidden');
    },
    admitReader: async (principal, room) => {
      if (room === 'chat:private' && !(principal === ann && mayReadPrivate)) throw new HubError('forbidden');
    },
  });
});
afterEach(async () => {
  await queue.close(0);
  await service.settled(60_000);
});

const work = (run: JobRunner) => queue.work(run, { concurrency: { threads: 1, loop: 1 } });
/** Runs until the job's start is on its way into its room. */
const untilTold = () => waitFor(() => asked.includes('active'));
const ended = (jobId: string) =>
  waitFor(() => published.find(({ room, state }) => room === `job:${jobId}` && state.endedAt !== undefined)?.state);

describe('the story of a job', () => {
  test('[P62] is its end with its position where the job ended soon, once that is in its room', async () => {
    await work(async () => 5);
    const { jobId } = await service.submit(ann, { name: 'add', input: { a: 1 } });
    const story = (await service.story(jobId))!;
    expect(story.map(({ state, position }) => [state.state, position])).toEqual([['done', 'e:1']]);
    expect(story[0]!.state.startedAt).toBeGreaterThan(0);
    expect(published.map(({ state }) => state)).toEqual(story.map(({ state }) => state));
    expect(await service.story(jobId)).toBeUndefined();
  });

  test('is not waited for where the job takes longer, or cannot be published at once', async () => {
    let end = () => {};
    await work(
      ({ input }) =>
        new Promise((resolve) => {
          end = () => resolve(input);
        }),
    );
    const { jobId } = await service.submit(ann, { name: 'add', input: { a: 1 } });
    expect(await service.story(jobId)).toBeUndefined();
    await waitFor(() => published.some(({ state }) => state.state === 'active'));
    end();
    await ended(jobId);

    const never = await service.submit(ann, { name: 'add', input: { a: 2 } });
    failures.push(new HubError('invalid'), new HubError('invalid'), new HubError('invalid'));
    const story = service.story(never.jobId);
    end();
    expect(await story).toBeUndefined();
  });
});

describe('what is submitted', () => {
  test('is checked against its handler, and the fault is named by its path', async () => {
    await expect(service.submit(ann, { name: 'nothing', input: {} })).rejects.toMatchObject({ code: 'unknown_job' });
    const refused = async (input: unknown) =>
      (await service.submit(ann, { name: 'add', input }).catch((error: HubError) => error)) as HubError;
    expect(await refused({ a: 'x' })).toMatchObject({ code: 'invalid', message: expect.stringContaining('input.a') });
    expect(await refused({ a: 1, b: { c: 'x' } })).toMatchObject({ code: 'invalid', message: expect.stringContaining('input.b.c') });
    expect(await refused(undefined)).toMatchObject({ code: 'invalid' });
  });

  test('has at most 64 KiB of input as JSON, counted in bytes', async () => {
    const look = (text: string) => service.submit(ann, { name: 'look', input: { room: text } });
    const around = JSON.stringify({ room: '' }).length;
    expect(await look('x'.repeat(BOUNDS.jobInputBytes - around))).toMatchObject({ state: 'queued' });
    await expect(look('x'.repeat(BOUNDS.jobInputBytes - around + 1))).rejects.toMatchObject({ code: 'too_large' });
    await expect(look('é'.repeat(BOUNDS.jobInputBytes / 2))).rejects.toMatchObject({ code: 'too_large' });
  });

  test('about a room needs the right to read the room', async () => {
    await expect(service.submit(bob, { name: 'look', input: { room: 'chat:private' } })).rejects.toMatchObject({ code: 'forbidden' });
    expect(await service.submit(ann, { name: 'look', input: { room: 'chat:private' } })).toMatchObject({ state: 'queued' });
  });

  test('takes the place of all guests of its address where a guest submits it, and of its owner where a user does', async () => {
    const submitted = jest.spyOn(queue, 'submit');
    const guest = (id: string): Principal => ({ ...user(id), guest: true, address: '10.0.0.1' });
    for (const principal of [guest('guest-1'), guest('guest-2'), { ...ann, address: '10.0.0.1' }]) {
      await service.submit(principal, { name: 'add', input: { a: 1 } });
    }
    expect(submitted.mock.calls.map(([{ owner, holder }]) => [owner, holder])).toEqual([
      ['guest-1', 'address 10.0.0.1'],
      ['guest-2', 'address 10.0.0.1'],
      ['ann', undefined],
    ]);
  });

  test("joins its owner's own run by the handler's key or the submitter's, and nobody else's", async () => {
    const input = { room: 'chat:x' };
    const first = await service.submit(ann, { name: 'look', input });
    expect((await service.submit(ann, { name: 'look', input })).jobId).toBe(first.jobId);
    expect((await service.submit(bob, { name: 'look', input })).jobId).not.toBe(first.jobId);
    expect((await service.submit(ann, { name: 'look', input, key: 'mine' })).jobId).not.toBe(first.jobId);
  });
});

test('a submission that is repeated with its id is one job, also where that has failed; a key of the handler goes before it', async () => {
  await work(() => Promise.reject(new Error('no')));
  const submit = async (name: string, input: unknown, id: string) => (await service.submit(ann, { name, input, id })).jobId;
  const first = await submit('add', { a: 1 }, 'x');
  await ended(first);
  expect(await submit('add', { a: 1 }, 'x')).toBe(first);
  expect(await submit('add', { a: 1 }, 'y')).not.toBe(first);
  await queue.work(() => new Promise(() => {}), { concurrency: { threads: 0, loop: 0 } });
  const looked = await submit('look', { room: 'chat:a' }, 'x');
  expect(await submit('look', { room: 'chat:a' }, 'y')).toBe(looked);
});

test('a list has the results of its first megabyte, whatever jobs gave', async () => {
  await work(async () => 'x'.repeat(250_000));
  const ids: string[] = [];
  for (let a = 0; a < 6; a++) ids.push((await service.submit(ann, { name: 'add', input: { a } })).jobId);
  for (const jobId of ids) await ended(jobId);
  const listed = await service.list(ann, { limit: 10 });
  expect(listed.map(({ jobId, state }) => [jobId, state])).toEqual(ids.reverse().map((jobId) => [jobId, 'done']));
  expect(listed.map(({ result }) => typeof result)).toEqual(['string', 'string', 'string', 'string', 'undefined', 'undefined']);
});

test('a job of another does not exist, but for an admin', async () => {
  const { jobId } = await service.submit(ann, { name: 'add', input: { a: 1 } });
  for (const call of [service.get(bob, jobId), service.cancel(bob, jobId), service.openResult(bob, jobId)]) {
    await expect(call).rejects.toMatchObject({ code: 'unknown_job' });
  }
  expect(await service.list(bob, { limit: 10 })).toEqual([]);
  expect(await service.mayFollow(bob, jobId)).toBe(false);
  expect(await service.mayFollow(ann, 'nothing')).toBe(false);
  expect(await service.mayFollow(ann, jobId)).toBe(true);
  expect(await service.get(admin, jobId)).toMatchObject({ jobId });
  expect((await service.list(admin, { limit: 10 })).map((state) => state.jobId)).toEqual([jobId]);
  expect(await service.cancel(admin, jobId)).toMatchObject({ state: 'cancelled' });
});

test('the run of a tick is one, on however many instances, and an admin sees it', async () => {
  const tidy = defineJob({
    name: 'tidy',
    input: z.strictObject({ n: z.int() }),
    run: () => 1,
    repeat: { everyMs: 1_000, input: { n: 1 } },
    priority: 'low',
  });
  const states = await Promise.all([service.submitTick(tidy, 5_000), service.submitTick(tidy, 5_000), service.submitTick(tidy, 6_000)]);
  expect(new Set(states.map(({ jobId }) => jobId)).size).toBe(2);
  expect((await service.list(admin, { limit: 10 })).map(({ name }) => name)).toEqual(['tidy', 'tidy']);
  expect(await service.list(ann, { limit: 10 })).toEqual([]);
  expect(await service.inspect(admin, states[0]!.jobId)).toMatchObject({ owner: 'hub', input: { n: 1 } });
});

describe('a failed job', () => {
  test('is looked into and run again by its owner, who is not told what was thrown; an admin is', async () => {
    let failing = true;
    await work(async () => {
      if (failing) throw new Error('password=secret');
      return 'x';
    });
    const { jobId } = await service.submit(ann, { name: 'add', input: { a: 1 } });
    await ended(jobId);
    expect((await service.list(ann, { state: 'failed', limit: 10 })).map((state) => state.jobId)).toEqual([jobId]);
    expect(await service.list(bob, { state: 'failed', limit: 10 })).toEqual([]);
    const details = await service.inspect(ann, jobId);
    expect(details).toMatchObject({ owner: 'ann', input: { a: 1 }, failures: [{ attempt: 1, error: { code: 'internal' } }] });
    expect(JSON.stringify(details)).not.toContain('secret');
    expect(JSON.stringify(await service.inspect(admin, jobId))).toContain('secret');
    for (const call of [service.inspect(bob, jobId), service.retry(bob, jobId)])
      await expect(call).rejects.toMatchObject({ code: 'unknown_job' });
    expect(await service.get(ann, jobId)).toMatchObject({ state: 'failed' });
    failing = false;
    expect(await service.retry(ann, jobId)).toMatchObject({ jobId });
    await waitFor(async () => (await service.get(ann, jobId)).state === 'done');
  });

  test('[P137] is discarded by its owner or an admin, and unknown from then on, but to who follows it', async () => {
    await work(() => Promise.reject(new Error('no')));
    const ids = await Promise.all([1, 2].map(async (a) => (await service.submit(ann, { name: 'add', input: { a } })).jobId));
    for (const jobId of ids) await ended(jobId);
    for (const [n, principal] of [ann, admin].entries()) {
      const jobId = ids[n]!;
      await expect(service.discard(bob, jobId)).rejects.toMatchObject({ code: 'unknown_job' });
      await service.get(ann, jobId);
      await service.discard(principal, jobId);
      await expect(service.get(ann, jobId)).rejects.toMatchObject({ code: 'unknown_job' });
      await expect(service.openResult(ann, jobId)).rejects.toMatchObject({ code: 'unknown_job' });
      expect(await service.mayFollow(ann, jobId)).toBe(true);
      expect(await service.mayFollow(bob, jobId)).toBe(false);
      expect(await service.endOf(jobId)).toMatchObject({ jobId, state: 'cancelled' });
      // Who follows it hears no more of it otherwise.
      const told = () => published.filter(({ state }) => state.jobId === jobId).map(({ state }) => state.state);
      await waitFor(() => told().at(-1) === 'cancelled');
      expect(told().slice(-2)).toEqual(['failed', 'cancelled']);
    }
    expect(await service.list(admin, { limit: 10 })).toEqual([]);
  });

  test('about a room that its owner may not read any more is not run again', async () => {
    await work(() => Promise.reject(new Error('no')));
    const { jobId } = await service.submit(ann, { name: 'look', input: { room: 'chat:private' } });
    await ended(jobId);
    mayReadPrivate = false;
    await expect(service.retry(ann, jobId)).rejects.toMatchObject({ code: 'forbidden' });
    expect(await service.retry(admin, jobId)).toMatchObject({ jobId });
  });
});

describe('the room of a job', () => {
  test('gets each state in order, with an id of its own', async () => {
    await work(async (_, { progress }) => {
      await untilTold();
      progress({ done: 0.5 });
      return 'x';
    });
    const { jobId } = await service.submit(ann, { name: 'add', input: { a: 1 } });
    expect(await ended(jobId)).toMatchObject({ state: 'done', result: 'x', progress: { done: 0.5 } });
    const revisions = published.map(({ state }) => state.revision);
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
    expect(published.map(({ state }) => state.state).filter((state, i, all) => state !== all[i - 1])).toEqual(['queued', 'active', 'done']);
    expect(new Set(published.map(({ id }) => id)).size).toBe(published.length);
  });

  test('gets them late, but in order, when the log was away', async () => {
    failures = [new HubError('unavailable'), new HubError('unavailable')];
    await work(untilTold);
    const { jobId } = await service.submit(ann, { name: 'add', input: { a: 1 } });
    await ended(jobId);
    expect(published.map(({ state }) => state.state)).toEqual(['queued', 'active', 'done']);
  });

  test('is sent a state while the one before is on its way', async () => {
    let take = (_?: unknown) => {};
    taking = new Promise((resolve) => {
      take = resolve;
    });
    await work(untilTold);
    const { jobId } = await service.submit(ann, { name: 'add', input: { a: 1 } });
    await waitFor(() => asked.length === 3);
    expect(published).toEqual([]);
    take();
    await ended(jobId);
    expect(published.map(({ state }) => state.state)).toEqual(['queued', 'active', 'done']);
  });

  test('is told of a job that goes on running', async () => {
    await work((_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))));
    await service.submit(ann, { name: 'add', input: { a: 1 } });
    await waitFor(() => published.length === 2);
    expect(published.map(({ state }) => state.state)).toEqual(['queued', 'active']);
  });

  test('misses a state that the log refuses for good, and gets the next', async () => {
    failures = [new HubError('invalid')];
    await work(untilTold);
    const { jobId } = await service.submit(ann, { name: 'add', input: { a: 1 } });
    await ended(jobId);
    expect(published.map(({ state }) => state.state)).toEqual(['active', 'done']);
  });

  test('has the end when the service has settled', async () => {
    await service.settled(1);
    const { jobId } = await service.submit(ann, { name: 'add', input: { a: 1 } });
    await service.cancel(ann, jobId);
    await service.settled(60_000);
    expect(published.map(({ state }) => state.state)).toEqual(['cancelled']);
  });
});

test('whose a job is that was submitted here is known without a look', async () => {
  const { jobId } = await service.submit(ann, { name: 'add', input: { a: 1 } });
  queue.get = () => Promise.reject(new HubError('unavailable'));
  expect(await service.mayFollow(ann, jobId)).toBe(true);
  await expect(service.mayFollow(bob, jobId)).rejects.toMatchObject({ code: 'unavailable' });
});

test('an ended job is looked at in the cache, a running one is not', async () => {
  let finish = (_: unknown) => {};
  await work(
    () =>
      new Promise((resolve) => {
        finish = resolve;
      }),
  );
  const { jobId } = await service.submit(ann, { name: 'add', input: { a: 1 } });
  expect((await service.get(ann, jobId)).state).toBe('active');
  finish('x');
  await ended(jobId);
  expect((await service.get(ann, jobId)).state).toBe('done');
  const { hits } = cache.stats();
  expect((await service.get(ann, jobId)).result).toBe('x');
  expect(cache.stats().hits).toBe(hits + 1);
});

test('a job that does not exist is asked for once, like one of somebody else, and is there once it is submitted', async () => {
  const submitted = await service.submit(bob, { name: 'add', input: { a: 1 }, key: 'k' });
  const get = queue.get.bind(queue);
  let looked = 0;
  let isThere = false;
  queue.get = async (jobId) => {
    looked++;
    if (!isThere) throw new HubError('unknown_job', 'no job has this id');
    return get(jobId);
  };
  const refusal = async (principal: Principal) =>
    (await service.get(principal, submitted.jobId).catch((error: HubError) => error)) as HubError;
  const [unknown, again] = [await refusal(ann), await refusal(ann)];
  expect([looked, again]).toMatchObject([1, { code: 'unknown_job' }]);
  isThere = true;
  expect(await service.submit(bob, { name: 'add', input: { a: 1 }, key: 'k' })).toMatchObject({ jobId: submitted.jobId });
  expect((await service.get(bob, submitted.jobId)).jobId).toBe(submitted.jobId);
  expect((await refusal(ann)).message).toBe(unknown.message);
});

describe('a job that reaches a room', () => {
  const tell = (principal: Principal, room = 'chat:x') => service.submit(principal, { name: 'tell', input: { room } });
  const news = (room: string) => published.filter((message) => message.room === room).map(({ state }) => state.state);

  test('[P141] is handed in by who may write there, and by the hub; the room is told before the end counts as told', async () => {
    await work(async () => 5);
    await expect(tell(bob)).rejects.toMatchObject({ code: 'forbidden' });
    for (const principal of [ann, SYSTEM]) {
      const { jobId } = await tell(principal);
      await ended(jobId);
    }
    expect(news('chat:x')).toEqual(['queued', 'done', 'queued', 'done']);
    const order = published.filter(({ state }) => state.state === 'done').map(({ room }) => room.split(':')[0]);
    expect(order).toEqual(['chat', 'job', 'chat', 'job']);
  });

  test('[P142] is followed and looked at by who reads the room, and stays the business of who handed it in', async () => {
    await work(async () => 5);
    const { jobId } = await tell(ann);
    await ended(jobId);
    expect(await service.get(bob, jobId)).toMatchObject({ jobId, state: 'done', result: 5 });
    expect(await service.mayFollow(bob, jobId)).toBe(true);
    expect(await service.openResult(bob, jobId)).toBeUndefined();
    for (const act of [service.cancel, service.inspect, service.retry, service.discard]) {
      await expect(act(bob, jobId)).rejects.toMatchObject({ code: 'forbidden' });
    }
    expect(await service.list(bob, { limit: 10 })).toEqual([]);
  });

  test('[P142] is unknown to who does not read the room, as one is that reaches its submitter alone', async () => {
    await work(async () => 5);
    const hidden = [await tell(ann, 'chat:private'), await service.submit(ann, { name: 'look', input: { room: 'chat:x' } })];
    for (const { jobId } of hidden) {
      await expect(service.get(bob, jobId)).rejects.toMatchObject({ code: 'unknown_job' });
      await expect(service.cancel(bob, jobId)).rejects.toMatchObject({ code: 'unknown_job' });
      expect(await service.mayFollow(bob, jobId)).toBe(false);
    }
  });
});
