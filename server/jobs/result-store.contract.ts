import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { HubError } from '../../shared/errors.js';
import { FILE_COSTS_BYTES, type ResultBounds } from './result-bounds.js';
import type { ResultFile, ResultStore } from './result-store.js';

export interface ResultStoreUnderTest {
  readonly store: ResultStore;
  /** The same store as another process has it. */
  readonly other: ResultStore;
  end(): Promise<void>;
}

const FILE = { name: 'a.txt', contentType: 'text/plain', ttlMs: 60_000, holder: 'ann' };
/** Bytes that no engine makes fewer. */
const noise = (bytes: number) => randomBytes(bytes);

export interface ResultLimits {
  readonly maxBytes: number;
  readonly bounds?: ResultBounds;
}

/** What every store of result files keeps to. */
export function resultStoreContract(engine: string, open: (limits: ResultLimits) => Promise<ResultStoreUnderTest>): void {
  describe(`${engine} as a store of results`, () => {
    let under: ResultStoreUnderTest;
    let jobs = 0;
    const newJob = () => `job${++jobs}`;
    beforeEach(async () => {
      under = await open({ maxBytes: 2_000_000 });
    });
    afterEach(() => under.end());

    async function put(jobId: string, chunks: readonly (string | Uint8Array)[], file = FILE) {
      const writer = await under.store.create(jobId, file);
      for (const chunk of chunks) await writer.write(chunk);
      return writer.finish();
    }

    test('gives back what was written, with its name and type, in every process', async () => {
      const jobId = newJob();
      expect(await put(jobId, ['hällo ', Buffer.from('world')])).toEqual({ file: 'a.txt', bytes: 12, contentType: 'text/plain' });
      for (const store of [under.store, under.other]) {
        const file = await store.open(jobId);
        expect(file).toMatchObject({ name: 'a.txt', contentType: 'text/plain', bytes: 12 });
        expect((await bytesOf(file!)).toString()).toBe('hällo world');
      }
    });

    test('two runs give two versions, also of as many bytes, and one run gives one', async () => {
      const jobId = newJob();
      const versionOf = async (store: ResultStore) => (await store.open(jobId))?.version;
      await put(jobId, ['first']);
      const first = await versionOf(under.store);
      expect([first, await versionOf(under.other)]).toEqual([expect.stringMatching(/^[a-z0-9]+$/i), first]);
      await put(jobId, ['again']);
      expect(await versionOf(under.other)).not.toBe(first);
    });

    test('an empty file is a file', async () => {
      const jobId = newJob();
      await put(jobId, []);
      const file = await under.store.open(jobId);
      expect(file?.bytes).toBe(0);
    });

    test('any range of any file is its slice', async () => {
      const jobId = newJob();
      const whole = Buffer.from(Array.from({ length: 700_000 }, (_, i) => (i * 7919) % 251));
      await put(jobId, [whole.subarray(0, 1), whole.subarray(1, 300_000), whole.subarray(300_000)]);
      const file = (await under.other.open(jobId))!;
      expect((await bytesOf(file)).equals(whole)).toBe(true);
      const place = fc.integer({ min: 0, max: whole.length - 1 });
      await fc.assert(
        fc.asyncProperty(place, place, async (a, b) => {
          const [start, end] = [Math.min(a, b), Math.max(a, b)];
          expect((await bytesOf(file, { start, end })).equals(whole.subarray(start, end + 1))).toBe(true);
        }),
        { numRuns: 20 },
      );
    });

    test('nobody sees a file that is not finished, or was dropped', async () => {
      const jobId = newJob();
      const writer = await under.store.create(jobId, FILE);
      await writer.write('x'.repeat(300_000));
      expect(await under.other.open(jobId)).toBeUndefined();
      await writer.abort();
      expect(await under.store.open(jobId)).toBeUndefined();
      expect(await under.store.open('nothing')).toBeUndefined();
    });

    test('of two runs of a job, the last finished one counts', async () => {
      const jobId = newJob();
      const first = await under.store.create(jobId, FILE);
      const second = await under.other.create(jobId, { ...FILE, name: 'b.txt' });
      await first.write('first');
      await second.write('second');
      await first.finish();
      expect((await bytesOf((await under.store.open(jobId))!)).toString()).toBe('first');
      await second.finish();
      const file = (await under.store.open(jobId))!;
      expect(file.name).toBe('b.txt');
      expect((await bytesOf(file)).toString()).toBe('second');
    });

    test('a file past the limit is refused, and what was written can be dropped', async () => {
      const jobId = newJob();
      const writer = await under.store.create(jobId, FILE);
      const writing = (async () => {
        for (let n = 0; n < 10; n++) await writer.write(noise(500_000));
      })();
      await expect(writing).rejects.toMatchObject({ code: 'too_large' });
      await writer.abort();
      expect(await under.store.open(jobId)).toBeUndefined();
    });

    describe('with bounds', () => {
      beforeEach(async () => {
        await under.end();
        under = await open({ maxBytes: 2_000_000, bounds: { all: 1_000_000, perHolder: 400_000 } });
      });

      /** Code of the error, after which what was written was dropped. */
      async function write(store: ResultStore, holder: string, bytes: number, jobId = newJob()): Promise<string> {
        const writer = await store.create(jobId, { ...FILE, holder });
        try {
          for (let left = bytes; left > 0; left -= 50_000) await writer.write(noise(Math.min(left, 50_000)));
          await writer.finish();
          return 'written';
        } catch (error) {
          await writer.abort();
          return (error as HubError).code;
        }
      }

      test('a holder writes no more than its share, in any process, and others go on', async () => {
        const jobId = newJob();
        expect(await write(under.store, 'ann', 300_000, jobId)).toBe('written');
        expect(await write(under.store, 'ann', 200_000)).toBe('storage_full');
        expect(await write(under.other, 'ann', 200_000)).toBe('storage_full');
        expect(await write(under.store, 'bob', 300_000)).toBe('written');
        expect((await under.store.open(jobId))?.bytes).toBe(300_000);
      });

      test('what was refused, dropped or replaced takes no room', async () => {
        const jobId = newJob();
        expect(await write(under.store, 'ann', 500_000)).toBe('storage_full');
        expect(await write(under.store, 'ann', 300_000, jobId)).toBe('written');
        expect(await write(under.store, 'ann', 10, jobId)).toBe('written');
        expect(await write(under.store, 'ann', 300_000)).toBe('written');
      });

      test('all holders together write no more than all may have, and what is kept stays', async () => {
        const jobs = [newJob(), newJob(), newJob()];
        for (const [n, jobId] of jobs.entries()) expect(await write(under.store, `user${n}`, 300_000, jobId)).toBe('written');
        expect(await write(under.store, 'dan', 200_000)).toBe('storage_full');
        for (const jobId of jobs) expect((await under.store.open(jobId))?.bytes).toBe(300_000);
      });

      test('files without a byte to speak of count too', async () => {
        const codes: string[] = [];
        for (let n = 0; n < 120; n++) codes.push(await write(under.store, 'ann', 1).catch((error: HubError) => error.code));
        expect(codes.filter((code) => code === 'written')).toHaveLength(Math.floor(400_000 / (FILE_COSTS_BYTES + 1)));
        expect(codes.at(-1)).toBe('storage_full');
      });
    });

    test('a file past its time is gone', async () => {
      const jobId = newJob();
      await put(jobId, ['x'], { ...FILE, ttlMs: 1 });
      for (const deadline = Date.now() + 5_000; await under.store.open(jobId); ) {
        if (Date.now() > deadline) throw new Error('a file of 1 ms is still there');
      }
    });
  });
}

export async function bytesOf(file: ResultFile, range?: { start: number; end: number }): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of file.read(range)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
