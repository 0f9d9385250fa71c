import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { HubError } from '../../shared/errors.js';
import { type BuiltThread, buildThread, moduleOf } from '../../test/support/job-thread.js';
import { createMemoryRoomLog } from '../log/memory-room-log.js';
import { createFileResultStore } from './file-result-store.js';
import { defineJob, JobHandlers, type RunJob } from './handler.js';
import type { JobProgress, JobRunner } from './job-queue.js';
import { createJobRunner } from './job-runner.js';
import { bytesOf } from './result-store.contract.js';
import type { ResultStore, ResultWriter } from './result-store.js';
import { createThreadRunner, type ThreadRunner } from './thread-runner.js';

let built: BuiltThread;
let dir: string;
let threads: ThreadRunner;
let results: ResultStore;
const published: unknown[] = [];
const logged: unknown[] = [];
const log = createMemoryRoomLog();
const say = (level: string) => (fields: object, message: string) => void logged.push([level, fields, message]);
const logger = { info: say('info'), warn: say('warn'), error: say('error') };
const publisher = {
  async publish(room: string, type: string, data: unknown, options?: { id?: string }) {
    published.push([room, type, data, options?.id]);
    return { id: options?.id ?? '', position: 'e:1' as const, time: 1 };
  },
};

beforeAll(async () => {
  built = await buildThread();
  dir = await mkdtemp(join(tmpdir(), 'roomcast-runner-'));
  const setup = { rooms: { kind: 'memory' }, results: { kind: 'files', dir, maxBytes: 1e6 } } as const;
  results = createFileResultStore({ dir });
  threads = createThreadRunner({ threadFile: built.threadFile, setup, threads: 1, abortGraceMs: 20, publisher, log, logger });
});
afterAll(async () => {
  await threads.close();
  await results.close();
  await built.remove();
  await rm(dir, { recursive: true, force: true });
});

const anything = z.unknown();
const progressed: JobProgress[] = [];

function runner(
  handler: Parameters<typeof defineJob>[0],
): (attempt?: Partial<Parameters<JobRunner>[0]>, signal?: AbortSignal) => Promise<unknown> {
  const handlers = new JobHandlers([defineJob(handler)]);
  const run = createJobRunner({ handlers, threads, publisher, log, results, logger, resultTtlMs: 60_000 });
  return (attempt = {}, signal = new AbortController().signal) => {
    const defaults = { jobId: 'j1', name: handler.name, input: {}, owner: 'u', attempt: 1, fence: 1, timeoutMs: 60_000 };
    return run({ ...defaults, ...attempt }, { signal, progress: (progress) => void progressed.push(progress) });
  };
}
const onLoop = (run: RunJob, more: { output?: z.ZodType } = {}) => runner({ name: 'probe', input: anything, run, ...more });

test('a module runs in a thread, a function on the loop', async () => {
  const inThread = 'import { isMainThread } from "node:worker_threads"; export const run = () => isMainThread;';
  const { isMainThread } = await import('node:worker_threads');
  expect(await runner({ name: 'probe', input: anything, module: moduleOf(inThread) })()).toBe(false);
  expect(await onLoop(() => isMainThread)()).toBe(true);
});

test('a function on the loop has all that one in a thread has', async () => {
  await log.append({ room: 'chat:x', id: '1', type: 'text', from: { id: 'u', name: 'U' }, data: {} }, { messages: 0, ttlMs: 0 });
  const result = await onLoop(async (input, { jobId, attempt, progress, publish, log: lines, rooms, openResult }) => {
    progress(0.5, { note: 'half' });
    await publish('chat:a', 'text', { n: 1 });
    await publish('chat:a', 'text', { n: 2 });
    lines.info('said', { n: 3 });
    const seqs = [];
    for await (const { seq } of rooms.read('chat:x')) seqs.push(seq);
    const file = await openResult({ name: 'x', contentType: 'text/plain' });
    await file.write('out');
    await file.finish();
    return { input, jobId, attempt, seqs, nothing: undefined };
  })({ input: { a: 1 }, attempt: 2 });
  expect(result).toEqual({ input: { a: 1 }, jobId: 'j1', attempt: 2, seqs: [1] });
  expect(progressed).toEqual([{ done: 0.5, note: 'half' }]);
  expect(published).toEqual([
    ['chat:a', 'text', { n: 1 }, 'j1.1'],
    ['chat:a', 'text', { n: 2 }, 'j1.2'],
  ]);
  expect(logged).toEqual([['info', { n: 3, job: 'probe', jobId: 'j1' }, 'said']]);
  expect((await bytesOf((await results.open('j1'))!)).toString()).toBe('out');
});

test('an attempt that fails or is cut off leaves no part of a result file, in a thread and on the loop', async () => {
  const left = () => readdir(join(dir, 'unfinished'));
  const writes = 'const file = await openResult({ name: "x", contentType: "text/plain" }); await file.write("half");';
  const hangs = moduleOf(`export const run = async (_, { openResult }) => { ${writes} for (;;); };`);
  await expect(runner({ name: 'probe', input: anything, module: hangs })({ timeoutMs: 2_000 })).rejects.toMatchObject({ code: 'timeout' });
  expect(await left()).toEqual([]);
  let file: ResultWriter | undefined;
  const fails = onLoop(async (_, { openResult }) => {
    file = await openResult({ name: 'x', contentType: 'text/plain' });
    await file.write('half');
    expect(await left()).toEqual([expect.stringMatching(/^j1-/)]);
    throw new HubError('invalid', 'no');
  });
  await expect(fails()).rejects.toMatchObject({ code: 'invalid' });
  expect(await left()).toEqual([]);
  await file?.abort();
});

describe('out of time', () => {
  test('a function is no longer waited for, and its signal fired', async () => {
    let fired: unknown;
    const hang: RunJob = (_, { signal }) => {
      signal.addEventListener('abort', () => {
        fired = signal.reason;
      });
      return new Promise(() => {});
    };
    await expect(onLoop(hang)({ timeoutMs: 5 })).rejects.toMatchObject({ code: 'timeout' });
    expect(fired).toMatchObject({ code: 'timeout' });
  });

  test('a thread that computes is ended', async () => {
    const hang = runner({ name: 'probe', input: anything, module: moduleOf('export const run = () => { for (;;); };') });
    await expect(hang({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'timeout' });
  });
});

test('a job that is stopped, also before it began, rejects with the reason', async () => {
  const abort = new AbortController();
  const hung = onLoop(() => new Promise(() => {}))({}, abort.signal);
  abort.abort(new HubError('closing', 'cancelled'));
  await expect(hung).rejects.toThrow('cancelled');
  let ran = false;
  await expect(onLoop(() => (ran = true))({}, abort.signal)).rejects.toThrow('cancelled');
  expect(ran).toBe(false);
});

test('a result of another form than declared fails the job', async () => {
  const output = z.strictObject({ n: z.number() });
  expect(await onLoop(() => ({ n: 1 }), { output })()).toEqual({ n: 1 });
  await expect(onLoop(() => ({ n: 'one' }), { output })()).rejects.toThrow(/another form/);
});

test('a result too large for a state is refused', async () => {
  await expect(onLoop(() => 'x'.repeat(300_000))()).rejects.toMatchObject({ code: 'too_large' });
  await expect(onLoop(() => 'é'.repeat(150_000))()).rejects.toMatchObject({ code: 'too_large' });
});

test('a job whose handler is not here is told by name', async () => {
  await expect(onLoop(() => 1)({ name: 'other' })).rejects.toMatchObject({ code: 'unknown_job' });
});
