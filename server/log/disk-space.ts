import { statfsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { HubError } from '../../shared/errors.js';

export interface DiskState {
  /** Bytes of the file system that this user may still write, when it was looked at last. */
  readonly freeBytes: number;
  /** Bytes that are kept free. */
  readonly reserveBytes: number;
  /** New things are refused: fewer bytes were left than the reserve, and not half as many again since then. */
  readonly isLow: boolean;
}

/** Of what `statfs` tells: blocks, and the bytes of each. */
interface FileSystem {
  readonly blocks: number;
  readonly bavail: number;
  readonly bsize: number;
}

export interface DiskSpaceOptions {
  /** Any directory of the file system. */
  readonly dir: string;
  /** Bytes that are kept free; of a small file system an eighth. */
  readonly reserveBytes: number;
  /** Between two looks at the file system. */
  readonly lookMs?: number;
  /** Hears of each change of `isLow`, the first one included. */
  readonly onChange?: (state: DiskState) => void;
  readonly statfs?: (dir: string) => FileSystem;
}

/** Of the reserve, what must be left after: something more; a change of what is there; a deletion, which takes pages of its own before it frees any. */
const LEFT_PART = { new: 1, change: 1 / 2, delete: 1 / 4 };

export type DiskUse = keyof typeof LEFT_PART;

/** One store's way to the disk. */
export interface StoreSpace {
  /** Before something is written; `release` must follow. @throws HubError `storage_full`: it must not be written */
  take(bytes: number, use?: DiskUse): void;
  /** Whether something small may be written. */
  allows(use: DiskUse): boolean;
  /** After it was written, or was not. */
  release(bytes: number): void;
  /** Both, around a write. */
  during<Result>(bytes: number, write: () => Promise<Result>, use?: DiskUse): Promise<Result>;
}

/** Of the file system, as the reserve at most. */
const LARGEST_PART = 1 / 8;
/** Of the reserve: what must be free before new things are taken again. */
const RESUME_PART = 3 / 2;
/** What a write takes of the disk, at most in the long run: whole pages, and the copies of those on the way to them. */
const BYTES_PER_BYTE = 2;
const BYTES_PER_WRITE = 4_096;

const costOf = (bytes: number): number => BYTES_PER_BYTE * bytes + BYTES_PER_WRITE;
const reserveOf = (reserveBytes: number, { blocks, bsize }: FileSystem): number =>
  Math.min(reserveBytes, Math.floor(LARGEST_PART * blocks * bsize));

/**
 * Keeps stores away from a full disk: a write of LMDB's that fails may end the process. Between two looks at the file system, what was handed to
 * the stores is counted. Past the reserve new things are refused, until half as much again is free; changes and deletions may use a part of it. While
 * it is low, new things still go into pages that their store's file has free, down to what changes may use: deletions give nothing back to the file system.
 */
export class DiskSpace {
  readonly #options: DiskSpaceOptions;
  readonly #statfs: (dir: string) => FileSystem;
  readonly #stores: Store[] = [];
  readonly #timer: NodeJS.Timeout;
  #free = 0;
  #reserve = 0;
  #isLow = false;
  /** What stores write now; what was handed to them since the last look; what of both that look cannot have seen. */
  #writing = 0;
  #handed = 0;
  #unseen = 0;

  /** @throws Error when the directory is not there */
  constructor(options: DiskSpaceOptions) {
    this.#options = options;
    this.#statfs = options.statfs ?? statfsSync;
    this.#see(this.#statfs(options.dir));
    this.#timer = setInterval(() => this.#look(), options.lookMs ?? 500).unref();
  }

  /** @param spareBytes of the pages that the store's file has free */
  store(spareBytes: () => number = () => 0): StoreSpace {
    const store = new Store(this, spareBytes);
    this.#stores.push(store);
    if (this.#isLow) store.look();
    return store;
  }

  state(): DiskState {
    return { freeBytes: this.#free, reserveBytes: this.#reserve, isLow: this.#isLow };
  }

  /** To be called before the stores close. */
  close(): void {
    clearInterval(this.#timer);
    this.#stores.length = 0;
  }

  /** Whether so much may be taken; then it counts as handed over. For the stores. */
  admit(cost: number, use: DiskUse, fitsIn: boolean): boolean {
    this.#lookWhileLow();
    const left = this.#left() - cost;
    if (use === 'new' && !this.#isLow && left < this.#reserve) {
      this.#setLow(true);
      this.#look();
    }
    if (!this.#isEnough(left, use, fitsIn)) return false;
    this.#writing += cost;
    this.#handed += cost;
    this.#unseen += cost;
    // Far from the reserve the timer's looks are enough; near to it, what was handed over since the last one matters.
    if (!this.#isLow && this.#handed > (left - this.#reserve) / 4) this.#look();
    return true;
  }

  allows(use: DiskUse): boolean {
    this.#lookWhileLow();
    return this.#isEnough(this.#left(), use, false);
  }

  written(cost: number): void {
    this.#writing -= cost;
  }

  #left(): number {
    return this.#free - this.#unseen;
  }

  #isEnough(left: number, use: DiskUse, fitsIn: boolean): boolean {
    if (use !== 'new') return left >= LEFT_PART[use] * this.#reserve;
    return !this.#isLow || (fitsIn && left >= LEFT_PART.change * this.#reserve);
  }

  /** Others may take what is left between two looks of the timer. */
  #lookWhileLow(): void {
    if (this.#isLow) this.#glance();
  }

  #look(): void {
    this.#glance();
    if (this.#isLow) for (const store of this.#stores) store.look();
  }

  #glance(): void {
    try {
      this.#see(this.#statfs(this.#options.dir));
    } catch {
      // A file system that does not answer is as it was.
    }
  }

  #see(found: FileSystem): void {
    this.#handed = 0;
    this.#unseen = this.#writing;
    this.#free = found.bavail * found.bsize;
    this.#reserve = reserveOf(this.#options.reserveBytes, found);
    const left = this.#left();
    if (!this.#isLow && left < this.#reserve) this.#setLow(true);
    else if (this.#isLow && left >= RESUME_PART * this.#reserve) this.#setLow(false);
  }

  #setLow(isLow: boolean): void {
    this.#isLow = isLow;
    this.#options.onChange?.(this.state());
  }
}

class Store implements StoreSpace {
  #spare = 0;

  constructor(
    private readonly disk: DiskSpace,
    private readonly spareBytes: () => number,
  ) {}

  take(bytes: number, use: DiskUse = 'new'): void {
    const cost = costOf(bytes);
    if (!this.disk.admit(cost, use, cost <= this.#spare)) throw new HubError('storage_full');
    this.#spare -= cost;
  }

  allows(use: DiskUse): boolean {
    return this.disk.allows(use);
  }

  release(bytes: number): void {
    this.disk.written(costOf(bytes));
  }

  async during<Result>(bytes: number, write: () => Promise<Result>, use?: DiskUse): Promise<Result> {
    this.take(bytes, use);
    try {
      return await write();
    } finally {
      this.release(bytes);
    }
  }

  /** Half of what is free: pages lie apart, and what is large needs some in a row. */
  look(): void {
    this.#spare = this.spareBytes() / 2;
  }
}

const BOUNDLESS: StoreSpace = { take() {}, allows: () => true, release() {}, during: (_bytes, write) => write() };

/** A store's way to a disk that may not be watched: then a full one is found by writing to it. */
export const spaceOn = (disk: DiskSpace | undefined, spareBytes?: () => number): StoreSpace => disk?.store(spareBytes) ?? BOUNDLESS;

/**
 * For writers of plain files in other threads, who ask now and then.
 * @throws HubError `storage_full` when fewer bytes would be left than the reserve
 */
export async function assertSpace(dir: string, reserveBytes: number, bytes: number): Promise<void> {
  const found = await statfs(dir);
  if (found.bavail * found.bsize - bytes < reserveOf(reserveBytes, found)) throw new HubError('storage_full');
}
