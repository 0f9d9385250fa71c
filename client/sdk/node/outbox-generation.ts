import { randomBytes } from 'node:crypto';
import { type FileHandle, link, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeRecords, encodeRecord, type OutboxRecord } from './outbox-record.js';

const FILE = /^outbox\.([0-9]+)$/;
const OWNER_ONLY = 0o600;

/**
 * One file of an outbox's directory. They are numbered and the highest counts. Whoever opens the directory, or tidies it, writes all that is left into
 * the next number, which appears whole and which only one can make: so no two processes write one file.
 */
export class OutboxGeneration {
  #bytes = 0;

  private constructor(private readonly handle: FileHandle) {}

  /** Undefined: somebody else made this number, or a later one, before. */
  static async create(dir: string, number: number, records: readonly OutboxRecord[]): Promise<OutboxGeneration | undefined> {
    const draft = join(dir, `draft-${randomBytes(6).toString('hex')}`);
    const made = new OutboxGeneration(await open(draft, 'wx', OWNER_ONLY));
    try {
      await made.append(records);
      if (await becomes(dir, number, draft)) return made;
    } catch (error) {
      await made.close();
      throw error;
    } finally {
      await rm(draft, { force: true });
    }
    await made.close();
    return undefined;
  }

  /** Resolves when the records are on disk. One call at a time; one that fails leaves nothing of it behind. */
  async append(records: readonly OutboxRecord[]): Promise<void> {
    const bytes = Buffer.from(records.map(encodeRecord).join(''));
    try {
      for (let at = 0; at < bytes.length; ) {
        at += (await this.handle.write(bytes, at, bytes.length - at, this.#bytes + at)).bytesWritten;
      }
      await this.handle.datasync();
    } catch (error) {
      await this.handle.truncate(this.#bytes).catch(() => {});
      throw error;
    }
    this.#bytes += bytes.length;
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

/** The file that counts; number 0: there is none yet. */
export async function readNewest(dir: string): Promise<{ number: number; records: OutboxRecord[] }> {
  for (;;) {
    const number = Math.max(0, ...(await numbers(dir)));
    if (number === 0) return { number, records: [] };
    try {
      return { number, records: decodeRecords(await readFile(fileOf(dir, number), 'latin1')) };
    } catch (error) {
      // The next one is there by now.
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
}

export async function removeBefore(dir: string, number: number): Promise<void> {
  for (const older of await numbers(dir)) if (older < number) await rm(fileOf(dir, older), { force: true });
}

async function becomes(dir: string, number: number, draft: string): Promise<boolean> {
  const file = fileOf(dir, number);
  try {
    await link(draft, file);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
  if (Math.max(...(await numbers(dir))) > number) {
    // This process slept over a whole ownership of another: the number was free again only because it is past.
    await rm(file, { force: true });
    return false;
  }
  await synchronise(dir);
  return true;
}

async function numbers(dir: string): Promise<number[]> {
  return (await readdir(dir)).flatMap((name) => {
    const number = FILE.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}

/** So that the name is on disk too. Windows does not take it, and does not need it. */
async function synchronise(dir: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(dir, 'r');
  await handle.sync().finally(() => handle.close());
}

const fileOf = (dir: string, number: number) => join(dir, `outbox.${number}`);
const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;
