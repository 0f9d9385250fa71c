import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { formatPosition } from '../../../shared/position.js';
import { type BuiltThread, buildThread } from '../../../test/support/job-thread.js';
import { startRedis } from '../../../test/support/redis.js';
import { PATIENCE_MS, waitFor } from '../../../test/support/wait.js';
import { openRedisLink } from '../../adapter/redis-link.js';
import { openLmdbRoomLog } from '../../log/lmdb-room-log.js';
import { createMemoryRoomLog } from '../../log/memory-room-log.js';
import { createRedisRoomLog } from '../../log/redis-room-log.js';
import type { RoomLog } from '../../log/room-log.js';
import { createFileResultStore } from '../file-result-store.js';
import { JobHandlers } from '../handler.js';
import type { JobProgress } from '../job-queue.js';
import { createJobRunner } from '../job-runner.js';
import { createRedisResultStore } from '../redis-result-store.js';
import { bytesOf } from '../result-store.contract.js';
import type { ResultStore } from '../result-store.js';
import type { ThreadSetup } from '../thread-messages.js';
import { createThreadRunner } from '../thread-runner.js';
import { builtInJobs } from './built-in.js';
import type { ExportResult } from './export.js';
import type { RollupResult } from './rollup.js';
import type { SearchResult } from './search.js';
import type { ThumbnailResult } from './thumbnail.js';

interface Engines {
  readonly log: RoomLog;
  readonly results: ResultStore;
  readonly setup: ThreadSetup;
  end(): Promise<void>;
}

const quiet = { info() {}, warn() {}, error() {} };
const maxBytes = 10_000_000;
const newDir = () => mkdtemp(join(tmpdir(), 'roomcast-built-in-'));

const engines: Record<string, () => Promise<Engines>> = {
  async memory() {
    const dir = await newDir();
    const log = createMemoryRoomLog();
    const setup: ThreadSetup = { rooms: { kind: 'memory' }, results: { kind: 'files', dir, maxBytes } };
    return { log, results: createFileResultStore({ dir }), setup, end: () => rm(dir, { recursive: true }) };
  },
  async lmdb() {
    const dir = await newDir();
    const rooms = join(dir, 'rooms');
    const files = join(dir, 'results');
    const log = await openLmdbRoomLog({ dir: rooms, commitTimeoutMs: PATIENCE_MS });
    const setup: ThreadSetup = { rooms: { kind: 'lmdb', dir: rooms }, results: { kind: 'files', dir: files, maxBytes } };
    return { log, results: createFileResultStore({ dir: files }), setup, end: () => rm(dir, { recursive: true }) };
  },
  async redis() {
    const redis = await startRedis();
    const { url } = redis;
    const link = openRedisLink({ url, log: quiet });
    await link.whenUp();
    const setup: ThreadSetup = { rooms: { kind: 'redis', url, prefix: 'p:' }, results: { kind: 'redis', url, prefix: 'p', maxBytes } };
    return {
      log: createRedisRoomLog({ link, prefix: 'p:' }),
      results: createRedisResultStore({ link, prefix: 'p' }),
      setup,
      async end() {
        await link.close();
        await redis.stop();
      },
    };
  },
};

let built: BuiltThread;
beforeAll(async () => {
  built = await buildThread();
});
afterAll(() => built.remove());

describe.each(Object.keys(engines))('with rooms in %s', (kind) => {
  let opened: Engines;
  let closeThreads: () => Promise<void>;
  let run: (name: string, input: object, signal?: AbortSignal) => Promise<unknown>;
  let progressed: JobProgress[];
  let pictureAt: string;
  let timesMapped = 0;
  const MESSAGES = 1_500;

  beforeAll(async () => {
    opened = await engines[kind]!();
    const { log, results, setup } = opened;
    const publisher = { publish: async () => ({ id: '', position: 'e:1' as const, time: 0 }) };
    const threads = createThreadRunner({
      threadFile: built.threadFile,
      setup,
      threads: 2,
      abortGraceMs: 20,
      publisher,
      log,
      onMapped: () => void timesMapped++,
      logger: quiet,
    });
    const handlers = new JobHandlers(builtInJobs(new URL('./handlers/', built.threadFile)));
    const runJob = createJobRunner({ handlers, threads, publisher, log, results, logger: quiet, resultTtlMs: 60_000 });
    closeThreads = () => threads.close();
    run = (name, input, signal = new AbortController().signal) => {
      progressed = [];
      const attempt = { jobId: `j-${name}`, name, owner: 'u', attempt: 1, fence: 1, timeoutMs: 60_000 };
      const parsed = handlers.get(name).input.parse(input);
      return runJob({ ...attempt, input: parsed }, { signal, progress: (progress) => void progressed.push(progress) });
    };
    const keepAll = { messages: 0, ttlMs: 0 };
    const say = (room: 'chat:x' | 'chat:pictures' | 'metrics:x', type: string, id: string, data: unknown) =>
      log.append({ room, id, type, from: { id: 'ann', name: 'Ann' }, data }, keepAll);
    const texts = Array.from({ length: MESSAGES }, (_, n) => ({ text: n % 500 === 0 ? `the Needle ${n}` : `hay ${n}` }));
    const places = await Promise.all(texts.map((data, n) => say('chat:x', 'text', `m${n}`, data)));
    const { epoch } = places[0]!.entry;
    await say('chat:x', 'delete', 'd1', { target: `${epoch}:501` });
    await say('chat:x', 'edit', 'e1', { target: `${epoch}:7`, text: 'a needle by edit' });
    const picture = sharp({ create: { width: 640, height: 480, channels: 3, background: 'red' } });
    const image = { contentType: 'image/png', bytes: await picture.png().toBuffer() };
    const posted = await say('chat:pictures', 'text', 'p1', { image });
    pictureAt = formatPosition(posted.entry.epoch, posted.entry.seq);
    for (let n = 0; n < 100; n++) await say('metrics:x', 'samples', `s${n}`, { t: Date.now() - 1_000, names: ['cpu'], values: [n + 1] });
  });
  afterAll(async () => {
    await closeThreads();
    await opened.log.close();
    await opened.results.close();
    await opened.end();
  });

  test('search goes through the whole room in a thread', async () => {
    const { hits, scanned } = (await run('search', { room: 'chat:x', query: 'NEEDLE' })) as SearchResult;
    expect(hits.map(({ text }) => text)).toEqual(['the Needle 1000', 'a needle by edit', 'the Needle 0']);
    expect(scanned).toBe(MESSAGES + 2);
    expect(progressed.at(-1)?.done).toBe(1);
  });

  test('export writes a file that every instance can read', async () => {
    const { file, bytes, messages } = (await run('export', { room: 'chat:x', format: 'ndjson' })) as ExportResult;
    expect({ file, messages }).toEqual({ file: 'chat-x.ndjson', messages: MESSAGES - 1 });
    const written = await bytesOf((await opened.results.open('j-export'))!);
    expect(written.length).toBe(bytes);
    const lines = written
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ data }) => data.text).filter((text) => /needle/i.test(text))).toEqual([
      'the Needle 0',
      'a needle by edit',
      'the Needle 1000',
    ]);
  });

  test('rollup sums a series up', async () => {
    const { series } = (await run('rollup', { room: 'metrics:x', series: 'cpu' })) as RollupResult;
    expect(series).toMatchObject([{ series: 'cpu', count: 100, min: 1, max: 100, p50: 50.5 }]);
  });

  test('a thumbnail is made of an image that was posted', async () => {
    const input = { room: 'chat:pictures', position: pictureAt, width: 64, format: 'jpeg' };
    const { width, height, bytes } = (await run('thumbnail', input)) as ThumbnailResult;
    const written = await bytesOf((await opened.results.open('j-thumbnail'))!);
    expect([width, height, written.length]).toEqual([64, 48, bytes]);
    expect(await sharp(written).metadata()).toMatchObject({ format: 'jpeg', width: 64, height: 48 });
  });

  test('an empty room is no fault', async () => {
    expect(await run('search', { room: 'chat:empty', query: 'x' })).toEqual({ hits: [], scanned: 0, total: 0, more: false });
    expect(await run('export', { room: 'chat:empty', format: 'csv' })).toMatchObject({ messages: 0 });
    expect(await run('rollup', { room: 'metrics:empty', series: 'x' })).toMatchObject({ series: [] });
  });

  test('a job that is stopped in the middle leaves the rooms readable', async () => {
    for (let n = 0; n < 5; n++) {
      const abort = new AbortController();
      const counting = run('prime-count', { below: 2_000_000_000 }, abort.signal);
      await waitFor(() => progressed.length > 0);
      const searching = run('search', { room: 'chat:x', query: 'nothing' }, abort.signal);
      abort.abort(new Error('enough'));
      await expect(counting).rejects.toThrow('enough');
      await searching.catch(() => {});
    }
    expect(await run('search', { room: 'chat:x', query: 'needle' })).toMatchObject({ scanned: MESSAGES + 2 });
  });

  test('threads that read a file themselves tell of what they have mapped, others do not', async () => {
    for (let n = 0; n < 5; n++) await run('export', { room: 'chat:x', format: 'ndjson' });
    if (kind === 'lmdb') await waitFor(() => timesMapped > 0);
    else expect(timesMapped).toBe(0);
  });

  test('primes are counted', async () => {
    expect(await run('prime-count', { below: 1_000_000 })).toEqual({ primes: 78_498 });
  });
});
