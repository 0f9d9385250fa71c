import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FILE_COSTS_BYTES, type ResultBounds, resultsFull } from './result-bounds.js';

/**
 * What was read from the directories counts for so long, and until this thread has written so much, which is added at once. Threads that write at the
 * same time may together pass a bound by that, and by a piece each that is on its way to the disk.
 */
const READ_MS = 1_000;
const READ_BYTES = 1024 * 1024;

/** Part of the name of a holder's files. */
export const holderMark = (holder: string): string => createHash('sha256').update(holder).digest('hex').slice(0, 12);

/** `<job>-<version>-<mark>-<bytes>.data`, and `<job>-<version>-<mark>.part` while it is written. */
const FINISHED = /-([0-9a-f]{12})-(\d+)\.data$/;
const UNFINISHED = /-([0-9a-f]{12})\.part$/;

/**
 * Counts the bytes of result files by the names that they have on disk, so that it knows those of other threads and of the process before.
 */
export class FileResultUse {
  #read: Promise<Counts> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #takenSince = 0;

  constructor(
    private readonly dirs: { finished: string; unfinished: string },
    private readonly bounds: ResultBounds,
    private readonly now: () => number,
  ) {}

  /** Counts bytes that are about to be written. @throws HubError `storage_full` when there is no room for them */
  async take(mark: string, bytes: number): Promise<void> {
    const known = await this.#counts();
    if (known.fullWith(mark, bytes, this.bounds)) this.forget();
    const counts = await this.#counts();
    const full = counts.fullWith(mark, bytes, this.bounds);
    if (full) throw resultsFull(full);
    counts.add(mark, bytes);
    this.#takenSince += bytes;
  }

  /** Reads anew the next time: files are gone. */
  forget(): void {
    this.#readAt = Number.NEGATIVE_INFINITY;
  }

  #counts(): Promise<Counts> {
    const now = this.now();
    if (!this.#read || now - this.#readAt >= READ_MS || this.#takenSince >= READ_BYTES) {
      this.#readAt = now;
      this.#takenSince = 0;
      this.#read = readCounts(this.dirs);
    }
    return this.#read;
  }
}

class Counts {
  private readonly byMark = new Map<string, number>();
  private all = 0;

  add(mark: string, bytes: number): void {
    this.byMark.set(mark, (this.byMark.get(mark) ?? 0) + bytes);
    this.all += bytes;
  }

  fullWith(mark: string, bytes: number, { all, perHolder }: ResultBounds): 'own' | 'all' | undefined {
    if ((this.byMark.get(mark) ?? 0) + bytes > perHolder) return 'own';
    return this.all + bytes > all ? 'all' : undefined;
  }
}

async function readCounts({ finished, unfinished }: { finished: string; unfinished: string }): Promise<Counts> {
  const counts = new Counts();
  const [whole, parts] = await Promise.all([finished, unfinished].map((dir) => readdir(dir).catch(() => [])));
  for (const name of whole!) {
    const [, mark, bytes] = FINISHED.exec(name) ?? [];
    if (mark) counts.add(mark, Number(bytes) + FILE_COSTS_BYTES);
  }
  for (const name of parts!) {
    const mark = UNFINISHED.exec(name)?.[1];
    const found = await stat(join(unfinished, name)).catch(() => undefined);
    if (mark && found) counts.add(mark, found.size + FILE_COSTS_BYTES);
  }
  return counts;
}
