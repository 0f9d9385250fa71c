import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HubError } from '../../shared/errors.js';
import { assertSpace } from '../log/disk-space.js';
import { FileResultUse, holderMark } from './file-result-use.js';
import { fileWriter } from './file-result-writer.js';
import { FinishedFiles } from './finished-files.js';
import { BOUNDLESS, FILE_COSTS_BYTES, type ResultBounds } from './result-bounds.js';
import type { NewResultFile, ResultFile, ResultStore, ResultWriter } from './result-store.js';

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
/** A file that was never finished belongs to a run that ended without a word; runs last a day at most. */
const UNFINISHED_MS = 24 * 3_600_000;
const UNFINISHED_DIR = 'unfinished';

/** Result files in a directory: `<job>.json` describes, `<job>-….data` holds the bytes, `unfinished/` what is being written. */
export function createFileResultStore(options: FileResultStoreOptions): ResultStore & { sweep(): Promise<void> } {
  return new FileResultStore(options);
}

class FileResultStore implements ResultStore {
  private readonly options: Required<FileResultStoreOptions>;
  private readonly unfinished: string;
  private readonly finished: FinishedFiles;
  private readonly use: FileResultUse;
  private readonly timer: NodeJS.Timeout | undefined;

  constructor(options: FileResultStoreOptions) {
    const { dir, maxBytes = 1024 ** 3, bounds = BOUNDLESS, reserveBytes = 0, sweepMs = 60_000, now = Date.now } = options;
    this.options = { dir, maxBytes, bounds, reserveBytes, sweepMs, now };
    this.unfinished = join(dir, UNFINISHED_DIR);
    this.finished = new FinishedFiles(dir, now);
    this.use = new FileResultUse({ finished: dir, unfinished: this.unfinished }, bounds, now);
    this.timer = sweepMs > 0 ? setInterval(() => this.sweep().catch(() => {}), sweepMs).unref() : undefined;
  }

  async create(jobId: string, { name, contentType, ttlMs, holder }: NewResultFile): Promise<ResultWriter> {
    if (!JOB_ID.test(jobId)) throw new HubError('invalid', 'that is no job id');
    const { dir, maxBytes, reserveBytes, now } = this.options;
    await mkdir(this.unfinished, { recursive: true });
    const assertSpaceFor = (bytes: number) => assertSpace(dir, reserveBytes, bytes);
    await assertSpaceFor(0);
    const mark = holderMark(holder);
    await this.use.take(mark, FILE_COSTS_BYTES);
    const own = `${jobId}-${randomBytes(6).toString('hex')}-${mark}`;
    const part = join(this.unfinished, `${own}.part`);
    return fileWriter(await open(part, 'wx'), {
      maxBytes,
      assertSpaceFor,
      take: (bytes) => this.use.take(mark, bytes),
      drop: async () => {
        await rm(part, { force: true });
        this.use.forget();
      },
      finish: async (bytes) => {
        const expiresAt = now() + ttlMs;
        await this.finished.put(jobId, part, { name, contentType, bytes, expiresAt, data: `${own}-${bytes}.data` });
        this.use.forget();
        return { file: name, bytes, contentType };
      },
    });
  }

  async open(jobId: string): Promise<ResultFile | undefined> {
    const found = JOB_ID.test(jobId) ? await this.finished.find(jobId) : undefined;
    if (!found) return undefined;
    const { name, contentType, bytes, data } = found;
    const [version = ''] = data.slice(jobId.length + 1).split(/[-.]/);
    return { name, contentType, bytes, version, read: (range) => this.finished.read(found, range) };
  }

  async dropUnfinished(jobId: string): Promise<void> {
    const left = (await this.parts()).filter((part) => jobOf(part) === jobId);
    await Promise.all(left.map((part) => rm(join(this.unfinished, part), { force: true })));
    if (left.length > 0) this.use.forget();
  }

  /** Removes the files past their time, and those that were never finished. */
  async sweep(): Promise<void> {
    const { dir, now } = this.options;
    const rest = (await this.finished.sweep()).filter((file) => file !== UNFINISHED_DIR).map((file) => join(dir, file));
    const parts = (await this.parts()).map((part) => join(this.unfinished, part));
    for (const left of [...rest, ...parts]) {
      if ((await ageMs(left, now())) > UNFINISHED_MS) await rm(left, { force: true });
    }
    this.use.forget();
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
  }

  private parts(): Promise<string[]> {
    return readdir(this.unfinished).catch(() => []);
  }
}

/** `<job>-<version>-<mark>.part`. */
const jobOf = (part: string): string => part.split('-').slice(0, -2).join('-');

async function ageMs(path: string, now: number): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found ? now - found.mtimeMs : 0;
}
