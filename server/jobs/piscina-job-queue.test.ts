import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { waitFor } from '../../test/support/wait.js';
import type { LogEntry } from '../log/room-log.js';
import type { JobJournal } from './job-journal.js';
import { CRASHES_MAX } from './job-machine.js';
import { jobQueueContract, type QueueLimits, requestOf } from './job-queue.contract.js';
import type { JobQueue, JobRecord, JobRunner } from './job-queue.js';
import { openLmdbJobJournal } from './lmdb-job-journal.js';
import { createPiscinaJobQueue } from './piscina-job-queue.js';
import type { LogSource } from './room-reader.js';

const logger = { info() {}, warn() {}, error() {} };
const untilStopped: JobRunner = (_, { signal }) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

jobQueueContract('piscina with a journal in LMDB', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'roomcast-jobs-'));
  const open: JobQueue[] = [];
  return {
    async open(limits?: QueueLimits) {
      await Promise.all(open.splice(0).map((queue) => queue.close(0)));
      const queue = createPiscinaJobQueue({ journal: openLmdbJobJournal(dir), logger, ...limits });
      open.push(queue);
      return queue;
    },
    async end() {
      await Promise.all(open.map((queue) => queue.close(0)));
      await rm(dir, { recursive: true, force: true });
    },
  };
});

describe('a process that was killed', () => {
  let dir: string;
  let journal: JobJournal;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'roomcast-jobs-'));
    journal = openLmdbJobJournal(dir);
  });
  afterEach(async () => {
    await Promise.all(queues.splice(0).map((queue) => queue.close(0)));
    await journal.close();
    await rm(dir, { recursive: true, force: true });
  });
  const queues: JobQueue[] = [];
  const both = { concurrency: { threads: 1, loop: 1 } };
  /** The journal as the next process finds it: whatever the queue before it goes on to do is not written. */
  function nextProcess(rooms?: LogSource): { queue: JobQueue; changes: JobRecord[] } {
    const stored = journal.load();
    const queue = createPiscinaJobQueue({
      journal: { ...journal, load: () => stored, close: async () => {} },
      logger,
      ...(rooms && { rooms }),
    });
    queues.push(queue);
    const changes: JobRecord[] = [];
    queue.onChange((record) => changes.push(record));
    return { queue, changes };
  }

  test('left jobs that run again, and results that are still there', async () => {
    const first = nextProcess().queue;
    await first.work(async () => 'kept', both);
    const done = await first.submit(requestOf());
    await waitFor(async () => (await first.get(done.state.jobId)).state.state === 'done');
    await first.work(untilStopped, both);
    const active = await first.submit(requestOf());
    const queued = await first.submit(requestOf());
    await waitFor(() => journal.load().some(({ state }) => state.state === 'active'));

    const { queue, changes } = nextProcess();
    expect((await queue.get(done.state.jobId)).state).toMatchObject({ state: 'done', result: 'kept' });
    expect((await queue.get(active.state.jobId)).state.state).toBe('queued');
    await queue.work(async ({ jobId }) => `again ${jobId}`, both);
    for (const { state } of [active, queued]) {
      await waitFor(async () => (await queue.get(state.jobId)).state.result === `again ${state.jobId}`);
    }
    const revisions = changes.filter(({ state }) => state.jobId === active.state.jobId).map(({ state }) => state.revision);
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
  });

  test('reported progress that was never stored is outnumbered by what follows', async () => {
    const { queue, changes } = nextProcess();
    await queue.work((attempt, control) => {
      control.progress({ done: 0.5 });
      return untilStopped(attempt, control);
    }, both);
    const { state } = await queue.submit(requestOf());
    await waitFor(() => changes.some((change) => change.state.progress));
    const last = changes.at(-1)!.state.revision;
    await waitFor(() => journal.load().some((job) => job.state.state === 'active'));
    const next = nextProcess();
    expect((await next.queue.get(state.jobId)).state.revision).toBeGreaterThan(last);
  });

  test('is not killed again and again by the same job', async () => {
    let jobId = '';
    for (let start = 0; start < CRASHES_MAX; start++) {
      const { queue } = nextProcess();
      await queue.work(untilStopped, both);
      jobId ||= (await queue.submit(requestOf({ attempts: 5 }))).state.jobId;
      await waitFor(() => journal.load().some(({ state, crashes }) => state.state === 'active' && crashes === start));
    }
    const { queue } = nextProcess();
    expect((await queue.get(jobId)).state).toMatchObject({ state: 'failed', error: { code: 'internal' } });
  });

  test('told nobody of a job that it had discarded: the next one does, and knows it no more otherwise', async () => {
    const { queue } = nextProcess();
    await queue.work(() => Promise.reject(new Error('no')), both);
    const { state } = await queue.submit(requestOf({ key: 'k' }));
    const failed = await waitFor(async () => (await queue.list({ state: 'failed', limit: 1 }))[0]);
    const discarded = await queue.discard(state.jobId);

    const entry = { seq: 1, message: { data: failed.state } } as LogEntry;
    const ends = { epoch: 'e', first: 1, last: 1 };
    const { queue: next } = nextProcess({ ends: async () => ends, read: async () => ({ ...ends, entries: [entry] }) });
    const told = new Promise<JobRecord>((resolve) => next.onUntold!(resolve));
    expect(await told).toEqual(discarded);
    expect(await next.list({ limit: 10 })).toEqual([]);
    await expect(next.retry(state.jobId)).rejects.toMatchObject({ code: 'unknown_job' });
  });

  test('left a failed attempt whose wait is kept', async () => {
    const first = nextProcess().queue;
    await first.work(() => Promise.reject(new Error('no')), both);
    const { state } = await first.submit(requestOf({ attempts: 2, backoffMs: 3_600_000 }));
    await waitFor(() => journal.load().some((job) => job.notBefore !== undefined));
    const { queue } = nextProcess();
    const started: string[] = [];
    await queue.work(async (job) => void started.push(job.jobId), both);
    const barrier = await queue.submit(requestOf());
    await waitFor(async () => (await queue.get(barrier.state.jobId)).state.state === 'done');
    expect(started).toEqual([barrier.state.jobId]);
    expect((await queue.get(state.jobId)).state.state).toBe('queued');
  });
});

test('a submission that cannot be written is refused and leaves nothing', async () => {
  const full = { load: () => [], put: () => Promise.reject(new Error('full')), remove: async () => {}, close: async () => {} };
  const queue = createPiscinaJobQueue({ journal: full, logger });
  await expect(queue.submit(requestOf({ key: 'k' }))).rejects.toThrow('full');
  expect(await queue.list({ limit: 10 })).toEqual([]);
  expect(await queue.depth()).toMatchObject({ queued: 0, active: 0, oldestQueuedMs: 0 });
  await queue.close(0);
});

test('a job that finds a free place is written twice: with its start, and with its end', async () => {
  const written: string[] = [];
  const journal: JobJournal = {
    load: () => [],
    put: async ({ state }) => {
      written.push(state.state);
    },
    remove: async () => {},
    close: async () => {},
  };
  const queue = createPiscinaJobQueue({ journal, logger });
  await queue.work(async () => 'x', { concurrency: { threads: 1, loop: 1 } });
  const { state } = await queue.submit(requestOf());
  await waitFor(async () => (await queue.get(state.jobId)).state.state === 'done');
  expect(written).toEqual(['active', 'done']);
  await queue.close(0);
});

describe('a place that is kept for a job while it is written', () => {
  let write: { resolve(): void; reject(error: Error): void }[];
  let closing: boolean;
  let queue: JobQueue;
  beforeEach(async () => {
    write = [];
    closing = false;
    const put = async () => {
      if (!closing) await new Promise<void>((resolve, reject) => write.push({ resolve, reject }));
    };
    queue = createPiscinaJobQueue({ journal: { load: () => [], put, remove: async () => {}, close: async () => {} }, logger });
    await queue.work(untilStopped, { concurrency: { threads: 1, loop: 1 } });
  });
  afterEach(async () => {
    closing = true;
    for (const { resolve } of write) resolve();
    await queue.close(0);
  });
  const stateOf = async (submitted: Promise<JobRecord>) => (await queue.get((await submitted).state.jobId)).state.state;

  test('goes to the next one when the write fails', async () => {
    const refused = queue.submit(requestOf());
    const next = queue.submit(requestOf());
    write[1]?.resolve();
    expect(await stateOf(next)).toBe('queued');
    write[0]?.reject(new Error('no space'));
    await expect(refused).rejects.toThrow('no space');
    expect(await stateOf(next)).toBe('active');
  });

  test('is not used by a job that is cancelled meanwhile', async () => {
    const submitted = queue.submit(requestOf());
    const [listed] = await queue.list({ limit: 1 });
    const cancelled = queue.cancel(listed?.state.jobId ?? '');
    for (const { resolve } of write) resolve();
    await cancelled;
    expect(await stateOf(submitted)).toBe('cancelled');
    expect((await queue.depth()).active).toBe(0);
  });
});
