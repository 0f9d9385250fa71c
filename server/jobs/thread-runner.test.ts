import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { HubError } from '../../shared/errors.js';
import { type BuiltThread, buildThread, moduleOf } from '../../test/support/job-thread.js';
import { PATIENCE_MS, waitFor } from '../../test/support/wait.js';
import { openLmdbRoomLog } from '../log/lmdb-room-log.js';
import type { LogEntry } from '../log/room-log.js';
import { CrashedRun } from './job-machine.js';
import type { JobAttempt, JobProgress } from './job-queue.js';
import type { ThreadSetup } from './thread-messages.js';
import { createThreadRunner, type ThreadRunner, type ThreadRunnerOptions } from './thread-runner.js';

let built: BuiltThread;
let dir: string;
let runner: ThreadRunner;
const published: unknown[] = [];
const logged: unknown[] = [];
const progressed: JobProgress[] = [];

beforeAll(async () => {
  built = await buildThread();
  dir = await mkdtemp(join(tmpdir(), 'roomcast-threads-'));
});
afterAll(async () => {
  await built.remove();
  await rm(dir, { recursive: true, force: true });
});
afterEach(async () => {
  await runner.close();
  published.length = 0;
  logged.length = 0;
  progressed.length = 0;
});

/** What is published to the room `chat:gate` waits for it. */
let openGate = () => {};
const gate = new Promise<void>((resolve) => {
  openGate = resolve;
});

const entries: LogEntry[] = Array.from({ length: 1_234 }, (_, i) => ({
  epoch: 'e',
  seq: i + 1,
  bytes: 100,
  message: {
    room: 'chat:x',
    position: `e:${i + 1}`,
    id: `m${i}`,
    type: 'text',
    from: { id: 'u', name: 'U' },
    time: i,
    data: { text: `${i}` },
  },
}));

function open(threads = 1, threadMemoryMb = 256, more: Partial<ThreadRunnerOptions> = {}) {
  const say = (level: string) => (fields: object, message: string) => void logged.push([level, fields, message]);
  runner = createThreadRunner({
    threadFile: built.threadFile,
    setup: setupOf({ kind: 'memory' }),
    threads,
    threadMemoryMb,
    abortGraceMs: 50,
    logger: { info: say('info'), warn: say('warn'), error: say('error') },
    publisher: {
      publish: async (room, type, data, options) => {
        if (room === 'chat:full') throw new HubError('storage_full', 'no space', 77);
        if (room === 'chat:gate') await gate;
        published.push([room, type, data, options?.id]);
        return { id: options?.id ?? '', position: 'e:1', time: 1 };
      },
    },
    log: {
      ends: async () => ({ epoch: 'e', first: 1, last: entries.length }),
      read: async (_room, { after = 0, before = entries.length + 1, limit }) => ({
        epoch: 'e',
        first: 1,
        last: entries.length,
        entries: entries.slice(after, before - 1).slice(0, limit),
      }),
    },
    ...more,
  });
}

function setupOf(rooms: ThreadSetup['rooms']): ThreadSetup {
  return { rooms, results: { kind: 'files', dir, maxBytes: 1_000_000 } };
}

function run(code: string, input: unknown = {}, signal = new AbortController().signal, jobId = 'j1') {
  const attempt: JobAttempt = { jobId, name: 'probe', input, owner: 'u', attempt: 1, fence: 1, timeoutMs: 60_000 };
  return runner.run(moduleOf(code), attempt, { signal, progress: (progress) => void progressed.push(progress) }, 60_000);
}

describe('a handler in a thread', () => {
  test('gets its input and gives its result', async () => {
    open();
    expect(await run('export const run = ({ a, b }) => ({ sum: a + b });', { a: 2, b: 3 })).toEqual({ sum: 5 });
  });

  test('may have no result, and one that is no JSON arrives as JSON', async () => {
    open();
    expect(await run('export const run = () => {};')).toBeUndefined();
    expect(await run('export const run = async () => ({ at: new Date(0), f() {} });')).toEqual({ at: '1970-01-01T00:00:00.000Z' });
  });

  test('runs beside the event loop', async () => {
    open();
    const done = run('export const run = () => { const end = Date.now() + 300; while (Date.now() < end); return Date.now(); };');
    let turns = 0;
    let ended = false;
    done.finally(() => {
      ended = true;
    });
    while (!ended) {
      turns++;
      await new Promise(setImmediate);
    }
    await done;
    expect(turns).toBeGreaterThan(100);
  });

  (process.platform === 'linux' ? test : test.skip)('has the niceness that is asked for, and the event loop keeps its own', async () => {
    const niceness = (stat: string) => Number(stat.slice(stat.lastIndexOf(')')).split(' ')[17]);
    const own = () => niceness(readFileSync('/proc/thread-self/stat', 'utf8'));
    const before = own();
    open(1, 256, { nice: 3 });
    const read = "import { readFileSync } from 'node:fs'; export const run = () => readFileSync('/proc/thread-self/stat', 'utf8');";
    expect(niceness((await run(read)) as string)).toBe(Math.min(before + 3, 19));
    expect(own()).toBe(before);
  });

  test("throws its own and the hub's errors", async () => {
    open();
    await expect(run('export const run = () => { throw new TypeError("no"); };')).rejects.toThrow('no');
    await expect(run('export const run = (_, { publish }) => publish("chat:full", "text", {});')).rejects.toMatchObject({
      code: 'storage_full',
      message: 'no space',
      retryAfterMs: 77,
    });
    await expect(run('export const noRun = 1;')).rejects.toThrow('exports no function named run');
    await expect(run('syntax error here')).rejects.toThrow();
    expect(await run('export const run = () => 1;')).toBe(1);
  });

  test('publishes under ids that a repeated run has again', async () => {
    open();
    const code =
      'export const run = async (_, { publish }) => { await publish("chat:a", "text", { n: 1 }); await publish("chat:b", "text", { n: 2 }); };';
    await run(code);
    const first = [...published];
    published.length = 0;
    await run(code);
    expect(published).toEqual(first);
    expect(first).toEqual([
      ['chat:a', 'text', { n: 1 }, 'j1.1'],
      ['chat:b', 'text', { n: 2 }, 'j1.2'],
    ]);
  });

  test('logs with the job in the fields', async () => {
    open();
    await run('export const run = (_, { log }) => { log.warn("careful", { n: 1 }); };');
    await waitFor(() => logged.length === 1);
    expect(logged).toEqual([['warn', { n: 1, job: 'probe', jobId: 'j1' }, 'careful']]);
  });

  test('reads a whole room through its parent, in both orders', async () => {
    open();
    const code = `export const run = async ({ order }, { rooms }) => {
      const seqs = [];
      for await (const entry of rooms.read('chat:x', { order })) seqs.push(entry.seq);
      return seqs;
    };`;
    expect(await run(code, { order: 'oldest' })).toEqual(entries.map((entry) => entry.seq));
  });

  test('all that it says before its end is heard, however soon that comes', async () => {
    open();
    const code =
      'export const run = (_, { progress, publish, log }) => { log.info("said"); void publish("chat:x", "text", 1); progress(0.5); };';
    for (let n = 1; n <= 100; n++) {
      await run(code);
      expect([progressed.length, published.length, logged.length]).toEqual([n, n, n]);
    }
  });

  test('reports the first progress at once and the last one surely, without reporting each', async () => {
    open();
    await run('export const run = (_, { progress }) => { for (let i = 0; i <= 100_000; i++) progress(i / 100_000, { data: i }); };');
    expect(progressed[0]).toEqual({ done: 0, data: 0 });
    expect(progressed.at(-1)).toEqual({ done: 1, data: 100_000 });
    expect(progressed.length).toBeLessThan(50);
  });

  test('a progress that is no number from 0 to 1 fails the run', async () => {
    open();
    await expect(run('export const run = (_, { progress }) => progress(NaN);')).rejects.toMatchObject({ code: 'invalid' });
  });

  test('writes a result file', async () => {
    open();
    const code = `export const run = async (_, { openResult }) => {
      const file = await openResult({ name: 'a.txt', contentType: 'text/plain' });
      await file.write('hello ');
      await file.write('world');
      return file.finish();
    };`;
    expect(await run(code)).toEqual({ file: 'a.txt', bytes: 11, contentType: 'text/plain' });
  });
});

describe('a thread that must end', () => {
  test('computing without a pause, it is cut off by the signal, and another takes the next job', async () => {
    open();
    const abort = new AbortController();
    const hung = run('export const run = (_, { progress }) => { progress(0); for (;;); };', {}, abort.signal);
    await waitFor(() => progressed.length > 0);
    expect(runner.busy()).toBe(1);
    abort.abort(new HubError('timeout', 'enough'));
    await expect(hung).rejects.toMatchObject({ code: 'timeout', message: 'enough' });
    expect(await run('export const run = () => "next";')).toBe('next');
    expect(runner.busy()).toBe(0);
  });

  test('heeding its signal, it tidies up and its thread is kept', async () => {
    // On a busy machine it takes its time.
    open(1, 256, { abortGraceMs: 60_000 });
    const abort = new AbortController();
    const code = `import { threadId } from 'node:worker_threads';
      export const run = ({ wait }, { signal, log, progress }) => wait ? new Promise((resolve, reject) => {
        progress(0, { data: threadId });
        signal.addEventListener('abort', () => { log.info('tidied'); reject(signal.reason); });
      }) : threadId;`;
    const stopped = run(code, { wait: true }, abort.signal);
    await waitFor(() => progressed.length > 0);
    abort.abort(new HubError('closing', 'cancelled'));
    await expect(stopped).rejects.toMatchObject({ message: 'cancelled' });
    expect(logged).toHaveLength(1);
    expect(await run(code, { wait: false })).toBe(progressed[0]!.data);
  });

  test('a signal that fired before the run begins nothing', async () => {
    open();
    const signal = AbortSignal.abort(new HubError('closing', 'too late'));
    await expect(run('export const run = () => 1;', {}, signal)).rejects.toThrow('too late');
  });

  test.each([
    ['exits', 'process.exit(3)', /exit/],
    ['throws outside of its promise', 'setTimeout(() => { throw new Error("loose"); }); return new Promise(() => {})', /loose/],
  ])('one that %s fails its job, and another takes the next', async (_, body, message) => {
    open();
    const crashed = await run(`export const run = () => { ${body}; };`).catch((error: unknown) => error);
    expect(crashed).toBeInstanceOf(CrashedRun);
    expect(String(crashed)).toMatch(message);
    expect(await run('export const run = () => "next";')).toBe('next');
  });

  test('one whose result is too large for a state does not send it', async () => {
    open();
    const huge = run('export const run = () => "é".repeat(150_000);');
    await expect(huge).rejects.toMatchObject({ code: 'too_large', message: expect.stringContaining('result') });
    const note = "export const run = (_, { progress }) => progress(0.5, { note: 'n'.repeat(5_000), data: 'é'.repeat(40_000) });";
    await run(note);
    expect(progressed.at(-1)).toEqual({ done: 0.5, note: 'n'.repeat(1_000) });
  });

  test('one that needs too much memory fails its job and nothing else', async () => {
    open(2, 64);
    const waiting = run(
      'export const run = async (_, { publish }) => { await publish("chat:gate", "text", {}); return "unharmed"; };',
      {},
      undefined,
      'j2',
    );
    const code = 'export const run = () => { const all = []; for (;;) all.push(new Array(1000).fill(all.length + 0.5)); };';
    await expect(run(code)).rejects.toMatchObject({ code: 'too_large' });
    openGate();
    expect(await waiting).toBe('unharmed');
  });
});

describe('a thread that is kept warm', () => {
  const threadOf = "import { threadId } from 'node:worker_threads';";

  test('starts, loads and opens before any job, and takes the first one', async () => {
    const file = join(dir, 'warm');
    const preload = moduleOf(
      `${threadOf} import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(file)}, String(threadId));`,
    );
    open(1, 256, { warmThreads: 1, warmAfterMs: 0, preload: [preload] });
    const warm = await waitFor(() => readFile(file, 'utf8').catch(() => ''));
    expect(await run(`${threadOf} export const run = () => String(threadId);`)).toBe(warm);
  });

  test('is replaced when it ends', async () => {
    open(1, 256, { warmThreads: 1, warmAfterMs: 0 });
    expect(await run('export const run = () => process.exit(3);').catch((error: unknown) => error)).toBeInstanceOf(CrashedRun);
    expect(await run('export const run = () => "next";')).toBe('next');
  });

  test('does without a module that cannot be loaded', async () => {
    open(1, 256, { warmThreads: 1, warmAfterMs: 0, preload: [moduleOf('syntax error here')] });
    expect(await run('export const run = () => "all the same";')).toBe('all the same');
    expect(logged).toEqual([]);
  });

  test('whose store could not be opened tries again with each job', async () => {
    const rooms = join(dir, 'rooms');
    open(1, 256, { warmThreads: 1, warmAfterMs: 0, setup: setupOf({ kind: 'lmdb', dir: rooms }) });
    const look = `export const run = async (_, { rooms }) => (await rooms.ends('chat:x')).last;`;
    await expect(run(look)).rejects.toThrow(/cannot be opened/);
    const log = await openLmdbRoomLog({ dir: rooms, commitTimeoutMs: PATIENCE_MS });
    await log.append({ room: 'chat:x', id: 'm', type: 'text', from: { id: 'u', name: 'U' }, data: 1 }, { messages: 0, ttlMs: 0 });
    expect(await run(look)).toBe(1);
    await log.close();
  });
});
