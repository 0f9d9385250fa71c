import { mkdir } from 'node:fs/promises';
import { resolve as absolute } from 'node:path';
import type { OutboxEntry, OutboxStore } from '../outbox-store.js';
import { type Beacon, isLit, lightBeacon, removeDeadBeacon } from './beacon.js';
import { OutboxGeneration, readNewest, removeBefore } from './outbox-generation.js';
import type { OutboxRecord } from './outbox-record.js';

export interface FileOutboxOptions {
  /** Lines of the file, beyond one for each message that is left, after which it is written anew without what is done. Default 1000. */
  tidyLines?: number;
}

interface Waiting {
  readonly record: OutboxRecord;
  resolve(): void;
  reject(error: unknown): void;
}

type Entries = Map<string, OutboxEntry>;

/**
 * Keeps unsent messages in files over the end of the process, whether it is killed or the power fails. Calls resolve when what they say is on disk; those that come while
 * a write is under way share the next one.
 * @param dir a directory of its own, made if it is missing
 * @throws Error with one clear line when a living process has the directory, or it cannot be used
 */
export async function openFileOutboxStore(dir: string, { tidyLines = 1_000 }: FileOutboxOptions = {}): Promise<OutboxStore> {
  const path = absolute(dir);
  let beacon: Beacon | undefined;
  try {
    await mkdir(path, { recursive: true });
    beacon = await lightBeacon(path);
    return new FileOutboxStore(path, tidyLines, beacon, await claim(path, beacon));
  } catch (error) {
    await beacon?.close();
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new Error(`the outbox in ${path} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

interface Claimed {
  readonly file: OutboxGeneration;
  readonly number: number;
  readonly entries: Entries;
}

/** Whoever is the first to write down what is left, after an owner that lives no more, owns the directory. */
async function claim(dir: string, beacon: Beacon): Promise<Claimed> {
  for (;;) {
    const before = await readNewest(dir);
    const owner = before.records.find((record) => 'alive' in record)?.alive;
    if (owner !== undefined && (await isLit(owner))) {
      throw new Error(`the outbox in ${dir} is in use by another process or client; give each a directory of its own`);
    }
    const entries = replay(before.records);
    const number = before.number + 1;
    const file = await OutboxGeneration.create(dir, number, left(beacon, entries));
    if (!file) continue;
    if (owner !== undefined) await removeDeadBeacon(owner);
    await removeBefore(dir, number);
    return { file, number, entries };
  }
}

class FileOutboxStore implements OutboxStore {
  readonly #entries: Entries;
  #file: OutboxGeneration;
  #number: number;
  /** Lines in the file that a tidy one would not have. */
  #needless = 0;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(
    private readonly dir: string,
    private readonly tidyLines: number,
    private readonly beacon: Beacon,
    { file, number, entries }: Claimed,
  ) {
    this.#file = file;
    this.#number = number;
    this.#entries = entries;
  }

  async load(): Promise<OutboxEntry[]> {
    return [...this.#entries.values()];
  }

  put(entry: OutboxEntry): Promise<void> {
    if (this.#entries.has(keyOf(entry))) this.#needless++;
    this.#entries.set(keyOf(entry), entry);
    return this.#write({ put: entry });
  }

  async remove({ room, id }: Pick<OutboxEntry, 'room' | 'id'>): Promise<void> {
    if (!this.#entries.delete(keyOf({ room, id }))) return;
    this.#needless += 2;
    await this.#write({ remove: { room, id } });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writing;
    await this.#file.close();
    await this.beacon.close();
  }

  #write(record: OutboxRecord): Promise<void> {
    if (this.#closed) return Promise.reject(new Error('the outbox is closed'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ record, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#file.append(batch.map(({ record }) => record));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
      if (this.#needless > this.tidyLines) await this.#tidy();
    }
    this.#writing = undefined;
  }

  /** A disk without space for it keeps the file as it is, until as many lines more came. */
  async #tidy(): Promise<void> {
    this.#needless = 0;
    const number = this.#number + 1;
    const file = await OutboxGeneration.create(this.dir, number, left(this.beacon, this.#entries)).catch(() => undefined);
    if (!file) return;
    await this.#file.close();
    this.#file = file;
    this.#number = number;
    await removeBefore(this.dir, number).catch(() => {});
  }
}

const keyOf = ({ room, id }: Pick<OutboxEntry, 'room' | 'id'>) => `${room} ${id}`;

function left(beacon: Beacon, entries: Entries): OutboxRecord[] {
  return [{ alive: beacon.path }, ...[...entries.values()].map((put) => ({ put }))];
}

function replay(records: readonly OutboxRecord[]): Entries {
  const entries: Entries = new Map();
  for (const record of records) {
    if ('put' in record) entries.set(keyOf(record.put), record.put);
    else if ('remove' in record) entries.delete(keyOf(record.remove));
  }
  return entries;
}
