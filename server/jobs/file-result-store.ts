import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { HubError } from '../../shared/errors.js';
import { assertSpace } from '../log/disk-space.js';
import { FileResultUse, holderMark } from './file-result-use.js';
import { BOUNDLESS, FILE_COSTS_BYTES, type ResultBounds } from './result-bounds.js';
import type { ResultFile, ResultStore, ResultWriter } from './result-store.js';

export interface FileResultStoreOptions {
  /** Of this store alone. Created when it is missing. */
  readonly dir: string;
  /** Bytes of one file at most. Default 1 GiB. */
  readonly maxBytes?: number;
  /** Of all files. Default none. */
  readonly bounds?: ResultBounds;
  /** Bytes that are left free on the disk, as of `DiskSpace`. Default none. */
  readonly reserveBytes?: number;
  /** Milliseconds between two looks for files past their time; 0: never, as in a thread whose parent looks. Default 60,000. */
  readonly sweepMs?: number;
  readonly now?: () => number;
}

const JOB_ID = /^[A-Za-z0-9_-]{1,64}$/;
const describedSchema = z.object({
  name: z.string(),
  contentType: z.string(),
  bytes: z.int().min(0),
  expiresAt: z.number(),
  /** Of the file with the bytes, beside this one. */
  data: z.string().regex(/^[A-Za-z0-9_-]{1,120}\.data$/),
});
type Described = z.infer<typeof describedSchema>;
/** A file that was never finished belongs to a run that ended without a word; runs last a day at most. */
const UNFINISHED_MS = 24 * 3_600_000;
const UNFINISHED_DIR = 'unfinished';
/** What is written at a time: it counts before it is on disk, where other threads see it. */
const PIECE_BYTES = 256 * 1024;
/** A writer looks at the disk's space each time it has written so much. */
const SPACE_LOOK_BYTES = 512 * 1024;

/**
 * Result files in a directory: `<job>.json` describes, `<job>-….data` holds the bytes, `unfinished/` what is being written. The description is put in
 * place by a rename, after the bytes were written: it never describes half a file. What a loss of power left torn is gone.
 */
export function createFileResultStore({
  dir,
  maxBytes = 1024 ** 3,
  bounds = BOUNDLESS,
  reserveBytes = 0,
  sweepMs = 60_000,
  now = Date.now,
}: FileResultStoreOptions): ResultStore & { sweep(): Promise<void> } {
  const path = (file: string) => join(dir, file);
  const unfinished = path(UNFINISHED_DIR);
  const use = new FileResultUse({ finished: dir, unfinished }, bounds, now);
  const timer = sweepMs > 0 ? setInterval(() => sweep().catch(() => {}), sweepMs).unref() : undefined;

  async function describe(file: string): Promise<Described | undefined> {
    const text = await readFile(path(file), 'utf8').catch(() => undefined);
    return text === undefined ? undefined : readDescription(text);
  }

  /** Whether all bytes that are described are there. */
  async function isWhole({ data, bytes }: Described): Promise<boolean> {
    const found = await stat(path(data)).catch(() => undefined);
    return found?.size === bytes;
  }

  async function put(jobId: string, described: Described): Promise<void> {
    const before = await describe(`${jobId}.json`);
    const draft = path(`${described.data}.draft`);
    await writeFile(draft, JSON.stringify(described));
    await rename(draft, path(`${jobId}.json`));
    if (before) await rm(path(before.data), { force: true });
    use.forget();
  }

  async function sweep(): Promise<void> {
    const files = await readdir(dir).catch(() => []);
    const described = files.filter((file) => file.endsWith('.json'));
    const kept = new Set<string>();
    for (const file of described) {
      const found = await describe(file);
      if (found && found.expiresAt > now()) kept.add(found.data);
      else await Promise.all([rm(path(file), { force: true }), found && rm(path(found.data), { force: true })]);
    }
    const rest = files.filter((file) => !file.endsWith('.json') && file !== UNFINISHED_DIR && !kept.has(file)).map(path);
    const parts = await readdir(unfinished).catch(() => []);
    for (const left of [...rest, ...parts.map((file) => join(unfinished, file))]) {
      if ((await ageMs(left, now())) > UNFINISHED_MS) await rm(left, { force: true });
    }
    use.forget();
  }

  return {
    async create(jobId, { name, contentType, ttlMs, holder }) {
      if (!JOB_ID.test(jobId)) throw new HubError('invalid', 'that is no job id');
      await mkdir(unfinished, { recursive: true });
      const assertSpaceFor = (bytes: number) => assertSpace(dir, reserveBytes, bytes);
      await assertSpaceFor(0);
      const mark = holderMark(holder);
      await use.take(mark, FILE_COSTS_BYTES);
      const own = `${jobId}-${randomBytes(6).toString('hex')}-${mark}`;
      const part = join(unfinished, `${own}.part`);
      const handle = await open(part, 'wx');
      return fileWriter(handle, {
        maxBytes,
        assertSpaceFor,
        take: (bytes) => use.take(mark, bytes),
        async drop() {
          await rm(part, { force: true });
          use.forget();
        },
        async finish(bytes) {
          const data = `${own}-${bytes}.data`;
          await rename(part, path(data));
          await put(jobId, { name, contentType, bytes, expiresAt: now() + ttlMs, data });
          return { file: name, bytes, contentType };
        },
      });
    },
    async open(jobId) {
      const found = JOB_ID.test(jobId) ? await describe(`${jobId}.json`) : undefined;
      if (!found || found.expiresAt <= now() || !(await isWhole(found))) return undefined;
      const { name, contentType, bytes, data } = found;
      const [version = ''] = data.slice(jobId.length + 1).split(/[-.]/);
      const file: ResultFile = { name, contentType, bytes, version, read: (range) => createReadStream(path(found.data), range) };
      return file;
    },
    async dropUnfinished(jobId) {
      const parts = await readdir(unfinished).catch(() => []);
      const left = parts.filter((file) => jobOf(file) === jobId);
      await Promise.all(left.map((file) => rm(join(unfinished, file), { force: true })));
      if (left.length > 0) use.forget();
    },
    sweep,
    async close() {
      clearInterval(timer);
    },
  };
}

/** `<job>-<version>-<mark>.part`. */
const jobOf = (part: string): string => part.split('-').slice(0, -2).join('-');

function readDescription(text: string): Described | undefined {
  try {
    return describedSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

async function ageMs(path: string, now: number): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found ? now - found.mtimeMs : 0;
}

interface FileEnd {
  readonly maxBytes: number;
  assertSpaceFor(bytes: number): Promise<void>;
  /** @throws HubError `storage_full` */
  take(bytes: number): Promise<void>;
  drop(): Promise<void>;
  finish(bytes: number): ReturnType<ResultWriter['finish']>;
}

function fileWriter(handle: FileHandle, { maxBytes, assertSpaceFor, take, drop, finish }: FileEnd): ResultWriter {
  let bytes = 0;
  let lookAgainAt = SPACE_LOOK_BYTES;

  async function writePiece(piece: Uint8Array): Promise<void> {
    bytes += piece.length;
    if (bytes > maxBytes) throw new HubError('too_large', `the result has more than ${maxBytes} bytes`);
    await take(piece.length);
    if (bytes >= lookAgainAt) {
      await assertSpaceFor(piece.length);
      lookAgainAt = bytes + SPACE_LOOK_BYTES;
    }
    await handle.appendFile(piece).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOSPC' ? new HubError('storage_full') : error;
    });
  }

  return {
    async write(chunk) {
      const data = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      for (let at = 0; at < data.length; at += PIECE_BYTES) await writePiece(data.subarray(at, at + PIECE_BYTES));
    },
    async finish() {
      await handle.close();
      return finish(bytes);
    },
    async abort() {
      await handle.close().catch(() => {});
      await drop();
    },
  };
}
