import { connect, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { HubError } from '../../shared/errors.js';
import { startRedis, type TestRedis } from '../../test/support/redis.js';
import { startRedisCluster } from '../../test/support/redis-cluster.js';
import { startSentinel } from '../../test/support/redis-sentinel.js';
import { testScope } from '../../test/support/scope.js';
import { startTcpProxy } from '../../test/support/tcp-proxy.js';
import { waitFor } from '../../test/support/wait.js';
import { openRedisLink, type RedisLink } from '../adapter/redis-link.js';
import { type BullmqJobQueueOptions, createBullmqJobQueue } from './bullmq-job-queue.js';
import { CRASHES_MAX } from './job-machine.js';
import { jobQueueContract, type QueueLimits, requestOf } from './job-queue.contract.js';
import type { JobAttempt, JobControl, JobQueue, JobRecord, JobRequest } from './job-queue.js';

const scope = testScope();
const quiet = { info() {}, warn() {}, error() {} };
let redis: TestRedis;
const links: RedisLink[] = [];
const queues: JobQueue[] = [];
let stores = 0;

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
afterEach(end);

async function end(): Promise<void> {
  await Promise.all(queues.splice(0).map((queue) => queue.close(0)));
  await Promise.all(links.splice(0).map((link) => link.close()));
}

async function open(
  prefix: string,
  { url = redis.url, ...options }: QueueLimits & Partial<Omit<BullmqJobQueueOptions, 'link' | 'prefix' | 'logger'>> = {},
): Promise<JobQueue> {
  const link = openRedisLink({ url, log: quiet });
  links.push(link);
  await link.whenUp();
  const queue = createBullmqJobQueue({ link, url, prefix, logger: quiet, ...options });
  queues.push(queue);
  return queue;
}

jobQueueContract('bullmq', async () => {
  const prefix = `t${++stores}`;
  return { open: (limits?: QueueLimits) => open(prefix, limits), end };
});

jobQueueContract('bullmq, jobs started where they are submitted,', async () => {
  const prefix = `t${++stores}`;
  return { open: (limits?: QueueLimits) => open(prefix, { ...limits, startsHere: ['threads'] }), end };
});

test.each([{ startsHere: [] }, { startsHere: ['threads'] }] as const)(
  'a holder with more dead letters than its share loses its own oldest, and nobody else any ($startsHere)',
  async ({ startsHere }) => {
    const queue = await open(`t${++stores}`, { failedMax: 4, failedPerOwnerMax: 2, startsHere });
    await queue.work(async () => Promise.reject(new HubError('invalid', 'no')), { concurrency: { threads: 1, loop: 0 } });
    const fail = async (holder: string): Promise<string> => {
      const { state } = await queue.submit(requestOf({ owner: `of ${holder}`, holder }));
      await waitFor(async () => (await queue.get(state.jobId)).state.state === 'failed', { what: 'the failure' });
      return state.jobId;
    };
    const kept = async () => (await queue.list({ state: 'failed', limit: 10 })).map(({ state }) => state.jobId).sort();
    const [bob, first, second, third] = [await fail('bob'), await fail('ann'), await fail('ann'), await fail('ann')];
    expect(await kept()).toEqual([bob, second, third].sort());
    await expect(queue.get(first)).rejects.toMatchObject({ code: 'unknown_job' });
    await queue.discard(second);
    const fourth = await fail('ann');
    expect(await kept()).toEqual([bob, third, fourth].sort());
    const others = [await fail('cleo'), await fail('dan')];
    expect(await kept()).toEqual([third, fourth, ...others].sort());
    const again = (await queue.retry(third)).state.jobId;
    await waitFor(async () => (await queue.inspect(again)).failures.length === 2, { what: 'the second failure' });
    expect(await kept()).toEqual([third, fourth, ...others].sort());
  },
);

test.each([{ startsHere: [] }, { startsHere: ['threads'] }] as const)(
  'a holder whose ended jobs have more bytes than its share loses its own, the first to be forgotten, and nobody else any ($startsHere)',
  async ({ startsHere }) => {
    const prefix = `t${++stores}`;
    const queue = await open(prefix, { endedMaxBytes: 60_000, endedPerOwnerMaxBytes: 30_000, startsHere });
    await queue.work(async ({ input }) => input, { concurrency: { threads: 1, loop: 0 } });
    const submit = async (holder: string, changes: Partial<JobRequest> = {}) => {
      const { state } = await queue.submit(requestOf({ owner: `of ${holder}`, holder, input: 'x'.repeat(4_000), ...changes }));
      return state.jobId;
    };
    const run = async (holder: string, changes?: Partial<JobRequest>) => {
      const jobId = await submit(holder, changes);
      await waitFor(async () => (await stateOf(queue, jobId).catch(() => undefined))?.state !== 'queued');
      await waitFor(async () => (await stateOf(queue, jobId).catch(() => undefined))?.state !== 'active');
      return jobId;
    };
    const kept = async () => (await queue.list({ limit: 100 })).map(({ state }) => state.jobId).sort();
    const counted = async () => {
      const [sizes, use] = await links
        .at(-1)!
        .run((client) => Promise.all([client.hGetAll(`${prefix}:{jobs}:large:sizes`), client.hGetAll(`${prefix}:{jobs}:large:use`)]));
      const bytes = Object.values(sizes).reduce((sum, size) => sum + Number(size.split(' ')[0]), 0);
      return { jobs: Object.keys(sizes).length, matches: bytes === Number(use[''] ?? 0) };
    };

    const bob = await run('bob');
    const [first, second, third] = [await run('ann'), await run('ann'), await run('ann')];
    expect(await kept()).toEqual([bob, first, second, third].sort());
    const fourth = await run('ann');
    expect(await kept()).toEqual([bob, second, third, fourth].sort());
    const cancelled = await submit('ann', { lane: 'loop', input: 'x'.repeat(8_000) });
    await queue.cancel(cancelled);
    expect(await kept()).toEqual([bob, third, fourth, cancelled].sort());
    const small = await Promise.all(Array.from({ length: 20 }, () => run('ann', { input: 'y' })));
    expect(await kept()).toEqual([bob, third, fourth, cancelled, ...small].sort());
    expect(await counted()).toEqual({ jobs: 4, matches: true });
    const brief = await run('dan', { resultTtlMs: 1 });
    const others = [await run('cleo'), await run('cleo'), await run('cleo'), await run('dan')];
    expect(await kept()).toEqual([third, fourth, cancelled, ...small, ...others].sort());
    expect(await kept()).not.toContain(brief);
    expect(await counted()).toEqual({ jobs: 7, matches: true });
  },
);

/** Counts the scripts that a link is asked to run from now on. */
function countScripts(link: RedisLink): () => number {
  let count = 0;
  const run = link.run;
  link.run = (work) =>
    run((client) => {
      const counted = new Proxy(client, {
        get(target, name) {
          if (name === 'evalSha') count++;
          const value = Reflect.get(target, name);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
      return work(counted);
    });
  return () => count;
}

/** A queue with its changes, and runs that end when the test says so. */
async function instance(prefix: string, options: Parameters<typeof open>[1] = {}) {
  const queue = await open(prefix, options);
  const changes: JobRecord[] = [];
  const runs: (JobControl & JobAttempt & { resolve(result?: unknown): void })[] = [];
  queue.onChange((record) => changes.push(record));
  const work = (threads = 1, knows = (_name: string) => true) =>
    queue.work(
      (attempt, control) =>
        new Promise((resolve, reject) => {
          runs.push({ ...attempt, ...control, resolve });
          control.signal.addEventListener('abort', () => reject(control.signal.reason));
        }),
      { concurrency: { threads, loop: 0 }, knows },
    );
  return { queue, changes, runs, work };
}

const stateOf = async (queue: JobQueue, jobId: string) => (await queue.get(jobId)).state;
/** The ends that these reported. Who wrote one hears of that when others can read it already. */
const endsOf = (...instances: { changes: JobRecord[] }[]) =>
  instances.flatMap(({ changes }) => changes).filter(({ state }) => state.endedAt !== undefined);

describe('several processes on one Redis', () => {
  test('a job submitted here runs there, and its end is seen here', async () => {
    const [here, there] = [await instance('p1'), await instance('p1')];
    await there.work();
    const { state } = await here.queue.submit(requestOf());
    (await waitFor(() => there.runs[0])).resolve({ answer: 42 });
    await waitFor(async () => (await stateOf(here.queue, state.jobId)).state === 'done');
    expect((await stateOf(here.queue, state.jobId)).result).toEqual({ answer: 42 });
    await waitFor(() => endsOf(there)[0]);
    expect(here.changes.map((change) => change.state.state)).toEqual(['queued']);
    expect(there.changes.map((change) => change.state.state)).toEqual(['active', 'done']);
  });

  test('a job that another took and gave back runs here, where it was submitted', async () => {
    const [here, there] = [await instance('p1b'), await instance('p1b')];
    const { state } = await here.queue.submit(requestOf());
    await there.work();
    await waitFor(() => there.runs[0]);
    await there.queue.close(0);
    await here.work();
    const run = await waitFor(() => here.runs[0]);
    expect(run).toMatchObject({ jobId: state.jobId, attempt: 1, fence: 2 });
    run.resolve('x');
    await waitFor(async () => (await stateOf(here.queue, state.jobId)).state === 'done');
  });

  test('a cancellation reaches the process that runs the job', async () => {
    const [here, there] = [await instance('p2'), await instance('p2')];
    await there.work();
    const { state } = await here.queue.submit(requestOf());
    const run = await waitFor(() => there.runs[0]);
    expect((await here.queue.cancel(state.jobId)).state.state).toBe('cancelled');
    await waitFor(() => run.signal.aborted);
    const next = await here.queue.submit(requestOf());
    (await waitFor(() => there.runs[1])).resolve();
    await waitFor(async () => (await stateOf(here.queue, next.state.jobId)).state === 'done');
    expect((await stateOf(here.queue, state.jobId)).state).toBe('cancelled');
  });

  test('an end that its process did not tell is told by another until it is told, and one that was told is not', async () => {
    const [here, there] = [await instance('p2b', { untoldMs: 100 }), await instance('p2b', { untoldMs: 60_000 })];
    const again: JobRecord[] = [];
    here.queue.onUntold!((record) => again.push(record));
    await there.work();
    const ends: string[] = [];
    for (const result of ['told', 'untold', 'last']) {
      const { state } = await here.queue.submit(requestOf());
      (await waitFor(() => there.runs.find(({ jobId }) => jobId === state.jobId))).resolve(result);
      await waitFor(async () => (await stateOf(here.queue, state.jobId)).state === 'done');
      ends.push(state.jobId);
      if (result === 'told') there.queue.told!(state.jobId);
    }
    const times = (jobId: string) => again.filter(({ state }) => state.jobId === jobId).length;
    await waitFor(() => times(ends[1]!) > 1, { what: 'the end that nobody told, for the second time' });
    expect(again.find(({ state }) => state.jobId === ends[1])?.state).toMatchObject({ state: 'done', result: 'untold' });
    here.queue.told!(ends[1]!);
    // Both are struck off when one that came later is told again and again, and they are not.
    await waitFor(async () => {
      const [toldBefore, untoldBefore, lastBefore] = ends.map(times);
      await waitFor(() => times(ends[2]!) > lastBefore! + 1);
      return times(ends[0]!) === toldBefore && times(ends[1]!) === untoldBefore;
    });
  });

  test('a discarded job that its process did not tell is told by another until it is told', async () => {
    const [here, there] = [await instance('p2d', { untoldMs: 100 }), await instance('p2d', { untoldMs: 60_000 })];
    const again: JobRecord[] = [];
    here.queue.onUntold!((record) => again.push(record));
    await there.queue.work(() => Promise.reject(new HubError('invalid')), { concurrency: { threads: 1, loop: 0 } });
    const { state } = await there.queue.submit(requestOf());
    await waitFor(async () => (await stateOf(there.queue, state.jobId)).state === 'failed');
    there.queue.told!(state.jobId);
    await waitFor(async () => (await links[0]!.run((client) => client.zCard('p2d:{jobs}:untold'))) === 0);
    const discarded = await there.queue.discard(state.jobId);
    await waitFor(() => again.filter((record) => record.discarded).length > 1, { what: 'the discarded job, for the second time' });
    expect(again.at(-1)).toEqual(discarded);
  });

  test('a failed job is in the list of its owner, however many jobs came after it', async () => {
    const queue = await open('p2c', { queuedMax: 3_000 });
    await queue.work(async ({ input }) => Promise.reject(new HubError('invalid', String(input))), { concurrency: { threads: 1, loop: 0 } });
    const { state } = await queue.submit(requestOf());
    await waitFor(async () => (await stateOf(queue, state.jobId)).state === 'failed');
    // So many at a time that none of them waits for long, on a busy machine either.
    for (let n = 0; n < 22; n++) await Promise.all(Array.from({ length: 50 }, () => queue.submit(requestOf({ lane: 'loop' }))));
    const listed = async (owner: string) => (await queue.list({ owner, state: 'failed', limit: 10 })).map((job) => job.state.jobId);
    expect([await listed('ann'), await listed('bob')]).toEqual([[state.jobId], []]);
    // As a hub left it that noted no owner beside the request.
    await links[0]!.run((client) => client.hDel(`p2c:{jobs}:job:${state.jobId}`, 'owner'));
    expect([await listed('ann'), await listed('bob'), await listed('ann')]).toEqual([[state.jobId], [], [state.jobId]]);
  });

  test('large results past a page are left out of a list', async () => {
    const queue = await open('p2e');
    await queue.work(async ({ input }) => String(input).repeat(25), { concurrency: { threads: 4, loop: 0 } });
    const done = new Set<string>();
    queue.onChange(({ state }) => void (state.state === 'done' && done.add(state.jobId)));
    const submitted = await Promise.all(Array.from({ length: 30 }, () => queue.submit(requestOf({ input: 'r'.repeat(10_000) }))));
    await waitFor(() => submitted.every(({ state }) => done.has(state.jobId)));
    const listed = await queue.list({ owner: 'ann', limit: 30 });
    expect(listed.map(({ state }) => state.jobId)).toEqual(
      submitted
        .map(({ state }) => state.jobId)
        .sort()
        .reverse(),
    );
    expect(listed.map(({ state }) => state.result === undefined)).toEqual(listed.map((_, at) => at >= 4));
  });

  test('one key is one run on all instances', async () => {
    const all = [await instance('p3'), await instance('p3'), await instance('p3')];
    const records = await Promise.all(all.flatMap(({ queue }) => [1, 2, 3].map(() => queue.submit(requestOf({ key: 'k' })))));
    expect(new Set(records.map(({ state }) => state.jobId)).size).toBe(1);
  });

  test('many jobs on two workers each end once', async () => {
    const [first, second] = [await instance('p4'), await instance('p4')];
    const ended: string[] = [];
    for (const { queue } of [first, second]) {
      queue.onChange(({ state }) => void (state.endedAt !== undefined && ended.push(state.jobId)));
      await queue.work(async ({ input }) => input, { concurrency: { threads: 4, loop: 0 } });
    }
    const records = await Promise.all(
      Array.from({ length: 200 }, (_, n) => (n % 2 ? first : second).queue.submit(requestOf({ input: n, owner: `u${n % 7}` }))),
    );
    await waitFor(() => ended.length >= 200);
    expect([...ended].sort()).toEqual(records.map(({ state }) => state.jobId).sort());
    expect(await first.queue.depth()).toMatchObject({
      queued: 0,
      active: 0,
      oldestQueuedMs: 0,
      byName: { probe: { queued: 0, active: 0 } },
    });
  });
});

describe('a handler that limits how many of its jobs run', () => {
  const single = (changes = {}) => requestOf({ name: 'single', concurrency: 1, ...changes });

  test('is held to it by all processes together, and a job of it that is lost makes way', async () => {
    const [silent, other] = [
      await instance('l1', { startsHere: ['threads'], lockMs: 60_000 }),
      await instance('l1', { startsHere: ['threads'], lockMs: 300 }),
    ];
    await silent.work(2);
    const lost = await silent.queue.submit(single());
    await waitFor(() => silent.runs[0]);
    await other.work(2);
    for (const { queue } of [other, silent]) await queue.submit(single());
    const free = await other.queue.submit(requestOf());
    (await waitFor(() => [...other.runs, ...silent.runs].find(({ jobId }) => jobId === free.state.jobId))).resolve();
    await links[0]!.run((client) => client.zAdd('l1:{jobs}:leases', { score: 1, value: lost.state.jobId }));
    const others = () => [...silent.runs.slice(1), ...other.runs].filter(({ name }) => name === 'single');
    for (let n = 0; n < 3; n++) {
      await waitFor(() => others().length > n);
      expect((await other.queue.depth()).byName.single).toMatchObject({ active: 1, queued: 2 - n });
      others()
        .find(({ signal, jobId }) => !signal.aborted && !ends().includes(jobId))!
        .resolve();
      await waitFor(() => ends().length === n + 1);
    }
    function ends() {
      const states = [...silent.changes, ...other.changes].map(({ state }) => state);
      return states.filter(({ name, endedAt }) => name === 'single' && endedAt !== undefined).map(({ jobId }) => jobId);
    }
  });

  test('has no orphans among those that wait for it, but one that was to have its turn and is lost is one', async () => {
    const time = { ms: Date.now() };
    const { queue, work, runs } = await instance('l2', { now: () => time.ms, adoptMs: 20 });
    await work(3);
    await queue.submit(single());
    await waitFor(() => runs[0]);
    const [waiting, orphan] = [await queue.submit(single()), await queue.submit(requestOf({ priority: 'low', owner: 'bob' }))];
    const barrier = await waitFor(() => runs[1]);
    expect(barrier.jobId).toBe(orphan.state.jobId);
    time.ms += 60_000;
    await links[0]!.run((client) => client.zRem('l2:{jobs}:held:single', waiting.state.jobId));
    await waitFor(() =>
      links[0]!.run((client) => client.zScore('l2:{jobs}:held:single', waiting.state.jobId)).then((score) => score !== null),
    );
    expect(runs).toHaveLength(2);
    await links[0]!.run((client) => client.zRem('l2:{jobs}:held:single', waiting.state.jobId));
    runs[0]!.resolve();
    expect((await waitFor(() => runs[2])).jobId).toBe(waiting.state.jobId);
  });
});

describe('a worker that stalls', () => {
  test('loses its job to another, and its late end is not kept', async () => {
    const [stalled, other] = [await instance('s1', { lockMs: 500 }), await instance('s1', { lockMs: 500 })];
    await stalled.work();
    const { state } = await stalled.queue.submit(requestOf());
    const lost = await waitFor(() => stalled.runs[0]);
    // Its lock is gone as if the process had been stopped for longer than the lock lasts.
    await waitFor(async () => {
      await links[0]!.run((client) => client.del(`s1:{jobs}:bull:threads:${state.jobId}:lock`));
      if (other.runs.length === 0) await other.work();
      return other.runs[0] ?? stalled.runs[1];
    });
    const taken = (other.runs[0] ?? stalled.runs[1])!;
    expect(taken.fence).toBeGreaterThan(lost.fence);
    lost.resolve('late');
    taken.resolve('kept');
    await waitFor(async () => (await stateOf(other.queue, state.jobId)).state === 'done');
    expect((await stateOf(other.queue, state.jobId)).result).toBe('kept');
    await waitFor(() => endsOf(stalled, other)[0]);
    expect(endsOf(stalled, other)).toHaveLength(1);
  });

  test('a job that outlives its workers again and again is given up', async () => {
    const { queue, work, runs } = await instance('s2', { lockMs: 300 });
    await work(10);
    const { state } = await queue.submit(requestOf());
    await waitFor(
      async () => {
        await links[0]!.run((client) => client.del(`s2:{jobs}:bull:threads:${state.jobId}:lock`));
        return (await stateOf(queue, state.jobId)).state === 'failed';
      },
      { timeoutMs: 20_000 },
    );
    expect((await stateOf(queue, state.jobId)).error).toMatchObject({ code: 'internal' });
    expect(runs).toHaveLength(CRASHES_MAX);
    expect((await queue.inspect(state.jobId)).failures).toHaveLength(CRASHES_MAX);
    expect((await queue.list({ state: 'failed', limit: 1 })).map((record) => record.state.jobId)).toEqual([state.jobId]);
  });
});

describe('a job that is started where it is submitted', () => {
  const HERE = { startsHere: ['threads'] } as const;
  const bullKeys = (prefix: string, jobId: string) => links[0]!.run((client) => client.exists(`${prefix}:{jobs}:bull:threads:${jobId}`));

  test('never is in BullMQ, and all see its states', async () => {
    const [here, there] = [await instance('d1', HERE), await instance('d1', HERE)];
    await here.work();
    await there.work();
    const { state } = await here.queue.submit(requestOf());
    expect(state.state).toBe('queued');
    const run = await waitFor(() => here.runs[0]);
    expect(await stateOf(there.queue, state.jobId)).toMatchObject({ state: 'active' });
    expect(await there.queue.depth()).toMatchObject({ active: 1, byName: { probe: { active: 1 } } });
    run.resolve('x');
    await waitFor(async () => (await stateOf(there.queue, state.jobId)).result === 'x');
    await waitFor(() => endsOf(here)[0]);
    expect(here.changes.map((change) => change.state.state)).toEqual(['queued', 'active', 'done']);
    expect(await bullKeys('d1', state.jobId)).toBe(0);
    expect(await links[0]!.run((client) => client.zCard('d1:{jobs}:leases'))).toBe(0);
  });

  test('shares a script with others of its turn, as its end does, and has its own outcome', async () => {
    const here = await instance('d8', { ...HERE, lockMs: 60_000 });
    await here.work(8);
    const scripts = countScripts(links[0]!);
    const limited = { owner: 'bob', perUserLimit: 1 };
    const requests = [requestOf(), requestOf({ key: 'k' }), requestOf({ key: 'k' }), requestOf(limited), requestOf(limited)];
    const outcomes = await Promise.allSettled(requests.map((request) => here.queue.submit(request)));
    const ids = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.state.jobId : outcome.reason.code));
    expect([new Set(ids).size, ids[2], ids[4]]).toEqual([4, ids[1], 'busy']);
    await waitFor(() => here.runs.length === 3);
    for (const run of here.runs) run.resolve();
    for (const jobId of [ids[0], ids[1], ids[3]]) await waitFor(async () => (await stateOf(here.queue, jobId)).state === 'done');
    expect(scripts()).toBe(2);
    expect(await here.queue.depth()).toMatchObject({ queued: 0, active: 0 });
    const again = await here.queue.submit(requestOf(limited));
    expect((await waitFor(() => here.runs[3])).jobId).toBe(again.state.jobId);
  });

  test('waits in line where all places are taken, for whoever has one', async () => {
    const [here, there] = [await instance('d2', HERE), await instance('d2', HERE)];
    await here.work(2);
    const jobs: JobRecord[] = [];
    for (let n = 0; n < 2; n++) {
      jobs.push(await here.queue.submit(requestOf()));
      await waitFor(() => here.runs[n]);
    }
    // The second came from the line, which has a place in each process.
    expect(await bullKeys('d2', jobs[0]!.state.jobId)).toBe(0);
    expect(await bullKeys('d2', jobs[1]!.state.jobId)).toBe(1);
    for (let n = 0; n < 2; n++) jobs.push(await here.queue.submit(requestOf()));
    await there.work();
    for (let n = 0; n < 2; n++) (await waitFor(() => there.runs[n])).resolve();
    await waitFor(async () => (await stateOf(here.queue, jobs[3]!.state.jobId)).state === 'done');
    expect([...here.runs, ...there.runs].map(({ jobId }) => jobId)).toEqual(jobs.map(({ state }) => state.jobId));
  });

  test('is taken over by another where its process gives no sign, and its late end is not kept', async () => {
    const [silent, other] = [await instance('d3', { ...HERE, lockMs: 60_000 }), await instance('d3', { ...HERE, lockMs: 300 })];
    await silent.work(2);
    const { state } = await silent.queue.submit(requestOf());
    const lost = await waitFor(() => silent.runs[0]);
    await other.work();
    // Its lease is over as if the process had been stopped for longer than it lasts.
    await links[0]!.run((client) => client.zAdd('d3:{jobs}:leases', { score: 1, value: state.jobId }));
    const taken = (await waitFor(() => other.runs[0] ?? silent.runs[1]))!;
    expect(taken).toMatchObject({ jobId: state.jobId, attempt: 1 });
    expect(taken.fence).toBeGreaterThan(lost.fence);
    lost.resolve('late');
    taken.resolve('kept');
    await waitFor(async () => (await stateOf(other.queue, state.jobId)).state === 'done');
    expect((await stateOf(other.queue, state.jobId)).result).toBe('kept');
    await waitFor(() => endsOf(silent, other)[0]);
    expect(endsOf(silent, other)).toHaveLength(1);
  });

  test('keeps its lease for as long as it runs, however old it is', async () => {
    const time = { ms: Date.now() };
    const { queue, runs, work } = await instance('d4', { ...HERE, lockMs: 150, adoptMs: 20, now: () => time.ms });
    await work();
    const { state } = await queue.submit(requestOf());
    const run = await waitFor(() => runs[0]);
    time.ms += 60_000;
    const leaseEnd = () => links[0]!.run((client) => client.zScore('d4:{jobs}:leases', state.jobId));
    const first = (await leaseEnd())!;
    await waitFor(async () => (await leaseEnd())! > first + 450);
    expect(run.signal.aborted).toBe(false);
    run.resolve('x');
    await waitFor(async () => (await stateOf(queue, state.jobId)).state === 'done');
    expect(runs).toHaveLength(1);
  });

  test('a lease of a job that is gone is forgotten', async () => {
    const { work } = await instance('d5', { ...HERE, lockMs: 60 });
    await links[0]!.run((client) => client.zAdd('d5:{jobs}:leases', { score: 1, value: 'gone' }));
    await work();
    await waitFor(async () => (await links[0]!.run((client) => client.zCard('d5:{jobs}:leases'))) === 0);
  });
});

describe('a process without the handler', () => {
  test('leaves the job to one that has it, and takes what it knows', async () => {
    const [ignorant, able] = [await instance('h1'), await instance('h1')];
    await ignorant.work(1, (name) => name === 'other');
    const { state } = await ignorant.queue.submit(requestOf());
    const other = await ignorant.queue.submit(requestOf({ name: 'other' }));
    (await waitFor(() => ignorant.runs[0])).resolve();
    await waitFor(async () => (await stateOf(able.queue, other.state.jobId)).state === 'done');
    await able.work();
    (await waitFor(() => able.runs[0])).resolve('able');
    await waitFor(async () => (await stateOf(able.queue, state.jobId)).state === 'done');
    expect(ignorant.runs.map(({ jobId }) => jobId)).toEqual([other.state.jobId]);
    expect(able.runs[0]).toMatchObject({ jobId: state.jobId, attempt: 1 });
    await waitFor(() => endsOf(able)[0]);
    expect(able.changes.map((change) => change.state.state)).toEqual(['active', 'done']);
  });

  test('runs it in the end when nobody has it, which tells its submitter', async () => {
    const { queue, runs, work } = await instance('h2', { leaveMs: 100 });
    await work(1, () => false);
    const { state } = await queue.submit(requestOf());
    expect((await waitFor(() => runs[0])).jobId).toBe(state.jobId);
  });
});

describe('orphans', () => {
  test('a job whose submitter died before BullMQ had it is adopted', async () => {
    const time = { ms: Date.now() };
    const { queue, work, runs } = await instance('o1', { now: () => time.ms, adoptMs: 20 });
    const { state } = await queue.submit(requestOf());
    await links[0]!.run(async (client) => {
      for (const key of await client.keys('o1:{jobs}:bull:*')) await client.del(key);
    });
    await work();
    time.ms += 60_000;
    expect((await waitFor(() => runs[0])).jobId).toBe(state.jobId);
  });

  test('a repeated submission with its key brings it in at once', async () => {
    const { queue, work, runs } = await instance('o2');
    const { state } = await queue.submit(requestOf({ key: 'k' }));
    await links[0]!.run(async (client) => {
      for (const key of await client.keys('o2:{jobs}:bull:*')) await client.del(key);
    });
    await work();
    await queue.submit(requestOf({ key: 'k' }));
    expect((await waitFor(() => runs[0])).jobId).toBe(state.jobId);
  });
});

describe('BullMQ without its Redis, while the link has its own', () => {
  /** BullMQ's connections go through a proxy, the link's do not. */
  async function behindProxy(prefix: string) {
    const own = scope.defer(await startRedis(), (started) => started.stop());
    const proxy = await startTcpProxy(scope, own);
    const link = scope.defer(openRedisLink({ url: own.url, log: quiet }), (open) => open.close());
    await link.whenUp();
    const queue = createBullmqJobQueue({ link, url: `redis://127.0.0.1:${proxy.port}`, prefix, logger: quiet });
    scope.defer(queue, (open) => open.close(0));
    return { queue, link, proxy, url: own.url };
  }

  test('a job that BullMQ did not take is refused as unavailable and taken back', async () => {
    const { queue, proxy } = await behindProxy('b1');
    await queue.submit(requestOf());
    const changes: JobRecord[] = [];
    queue.onChange((record) => changes.push(record));
    for (const fail of [proxy.blackHole, proxy.cut]) {
      fail();
      await expect(queue.submit(requestOf({ key: 'k' }))).rejects.toMatchObject({ code: 'unavailable' });
      expect(changes.splice(0).map(({ state }) => state.state)).toEqual(['queued', 'cancelled']);
      expect(await queue.depth()).toMatchObject({ queued: 1 });
      proxy.heal();
    }
    const again = await waitFor(() => queue.submit(requestOf({ key: 'k' })), { timeoutMs: 15_000 });
    expect(again.state.state).toBe('queued');
  });

  test('a job that was there before is not taken back: whether BullMQ has it now is a timeout', async () => {
    const { queue, proxy } = await behindProxy('b2');
    const { state } = await queue.submit(requestOf({ key: 'k' }));
    proxy.blackHole();
    await expect(queue.submit(requestOf({ key: 'k' }))).rejects.toMatchObject({ code: 'timeout' });
    expect((await queue.get(state.jobId)).state.state).toBe('queued');
  });

  test('a job that another submission has joined meanwhile is not taken back: its submitter was told that it is there', async () => {
    const { queue, link, proxy, url } = await behindProxy('b4');
    const other = createBullmqJobQueue({ link, url, prefix: 'b4', logger: quiet });
    scope.defer(other, (open) => open.close(0));
    proxy.blackHole();
    const refused = expect(queue.submit(requestOf({ key: 'k' }))).rejects.toMatchObject({ code: 'timeout' });
    await waitFor(async () => (await other.depth()).queued === 1);
    const { state } = await other.submit(requestOf({ key: 'k' }));
    await refused;
    expect((await other.get(state.jobId)).state.state).toBe('queued');
  });

  test('a Redis without memory refuses jobs, new ones and joined ones, with storage_full', async () => {
    const { queue, link } = await behindProxy('b3');
    await queue.submit(requestOf({ key: 'k' }));
    await link.run(async (client) => {
      for (const key of await client.keys('b3:{jobs}:bull:*')) await client.del(key);
      await client.configSet('maxmemory', '10kb');
    });
    await expect(queue.submit(requestOf())).rejects.toMatchObject({ code: 'storage_full' });
    await expect(queue.submit(requestOf({ key: 'k' }))).rejects.toMatchObject({ code: 'storage_full' });
    await link.run((client) => client.configSet('maxmemory', '0'));
    await queue.submit(requestOf({ key: 'k' }));
    expect(await queue.depth()).toMatchObject({ queued: 1 });
  });
});

describe('Redis away', () => {
  let own: TestRedis;
  beforeEach(async () => {
    own = await startRedis();
  });
  afterEach(async () => {
    await end();
    await own.stop();
  });

  test('everything is refused as unavailable, and works again when it is back', async () => {
    const { queue, work, runs } = await instance('a1', { url: own.url });
    await work();
    await queue.submit(requestOf());
    (await waitFor(() => runs[0])).resolve();
    await own.kill('SIGKILL');
    // What is sent before the end is noticed may have been taken.
    await waitFor(async () => (await queue.submit(requestOf()).catch(({ code }) => code)) === 'unavailable');
    const calls = [queue.submit(requestOf()), queue.get('x'), queue.cancel('x'), queue.retry('x'), queue.list({ limit: 1 }), queue.depth()];
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason?.code)).toEqual(Array(6).fill('unavailable'));

    own = await startRedis({ port: own.port, dir: own.dir });
    const { state } = await waitFor(() => queue.submit(requestOf()), { timeoutMs: 15_000 });
    const run = await waitFor(() => runs.find(({ jobId }) => jobId === state.jobId), { timeoutMs: 20_000 });
    run.resolve('back');
    await waitFor(async () => (await stateOf(queue, state.jobId)).result === 'back');
  });

  test('a job that ends while Redis is away is done when it is back', async () => {
    await own.stop();
    own = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    const { queue, work, runs, changes } = await instance('a2', { url: own.url });
    await work();
    const { state } = await queue.submit(requestOf());
    const run = await waitFor(() => runs[0]);
    await own.kill('SIGKILL');
    run.resolve('kept');
    own = await startRedis({ port: own.port, dir: own.dir, args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    await waitFor(async () => (await stateOf(queue, state.jobId)).state === 'done', { timeoutMs: 20_000 });
    expect((await stateOf(queue, state.jobId)).result).toBe('kept');
    await waitFor(() => endsOf({ changes })[0]);
    expect(endsOf({ changes })).toHaveLength(1);
  });
});

test('queues and workers whose connections break while they are set up take jobs all the same', async () => {
  const redisUrl = new URL(redis.url);
  let broken = 0;
  // BullMQ asks for the server's version first, once for each queue and worker.
  const breaker = createServer((client) => {
    const server = connect(Number(redisUrl.port), redisUrl.hostname);
    server.pipe(client);
    client.on('data', (chunk) => {
      if (broken < 3 && chunk.includes('\r\nINFO\r\n')) {
        broken++;
        client.destroy();
      } else server.write(chunk);
    });
    for (const [one, other] of [[client, server] as const, [server, client] as const])
      one.on('error', () => {}).on('close', () => other.destroy());
  });
  await new Promise<void>((resolve) => breaker.listen(0, '127.0.0.1', resolve));
  scope.defer(breaker, (open) => void open.close());
  const link = openRedisLink({ url: redis.url, log: quiet });
  links.push(link);
  await link.whenUp();
  const url = `redis://127.0.0.1:${(breaker.address() as { port: number }).port}`;
  const queue = createBullmqJobQueue({ link, url, prefix: `t${++stores}`, logger: quiet });
  queues.push(queue);
  await queue.work(async () => 'done', { concurrency: { threads: 1, loop: 0 } });
  await waitFor(() => broken === 3, { timeoutMs: 30_000, what: 'three connections to break' });
  const { state } = await waitFor(() => queue.submit(requestOf()), { timeoutMs: 30_000, what: 'a submission to be taken' });
  await waitFor(async () => (await queue.get(state.jobId)).state.state === 'done', { timeoutMs: 30_000, what: 'the job to be done' });
});

describe('several masters, and masters that change', () => {
  const submitted = async (queue: JobQueue) =>
    waitFor(() => queue.submit(requestOf()), { what: 'a submission to be taken', timeoutMs: 20_000 });
  const done = (queue: JobQueue, jobId: string) =>
    waitFor(async () => (await stateOf(queue, jobId)).state === 'done', { what: `the end of ${jobId}`, timeoutMs: 25_000 });

  test('on a Cluster jobs run, also after their slot went to another master', async () => {
    const cluster = await startRedisCluster();
    try {
      const [here, there] = [await instance('c1', { url: cluster.url }), await instance('c1', { url: cluster.url })];
      await there.work();
      const slot = await cluster.slotOf('{jobs}');
      for (const [run, to] of [undefined, cluster.masters[0]!, cluster.masters[1]!].entries()) {
        if (to && to !== (await cluster.ownerOf(slot))) await cluster.moveSlot(slot, to);
        const { state } = await submitted(here.queue);
        (await waitFor(() => there.runs[run], { timeoutMs: 20_000 })).resolve();
        await done(here.queue, state.jobId);
      }
      await end();
    } finally {
      await cluster.stop();
    }
  }, 60_000);

  test('after a failover of Sentinels jobs run on the new master', async () => {
    const sentinel = await startSentinel();
    try {
      const { queue, runs, work } = await instance('s1', { url: sentinel.url });
      await work();
      const first = await submitted(queue);
      (await waitFor(() => runs[0])).resolve();
      await done(queue, first.state.jobId);
      await sentinel.master.kill('SIGKILL');
      await waitFor(async () => (await sentinel.masterPort()) === sentinel.replica.port, { timeoutMs: 20_000 });
      const second = await submitted(queue);
      (await waitFor(() => runs.find((run) => run.jobId === second.state.jobId), { timeoutMs: 25_000 })).resolve();
      await done(queue, second.state.jobId);
      await end();
    } finally {
      await sentinel.stop();
    }
  }, 60_000);
});
