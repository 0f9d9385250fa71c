import { readFileSync, realpathSync, statSync } from 'node:fs';

/** Where a file lies in this process' memory. */
export interface Mapping {
  readonly address: bigint;
  readonly bytes: bigint;
}

/** `madvise(2)`. */
type Advise = (address: bigint, bytes: bigint, advice: number) => number;

/** The pages of a file that this process has mapped in order to read it. */
export interface MappedPages {
  /**
   * Takes them out of the process, where threads may read them meanwhile: the system keeps them in its cache, and maps each again when it is read.
   * Where the system is not Linux, or the optional package that calls it is missing, they stay. Not to be called once the file is unmapped: what is
   * mapped later at the same addresses could lose its content.
   */
  release(): Promise<void>;
}

/** Of `sys/mman.h`, on Linux: there a file's pages leave the process at once. */
const MADV_DONTNEED = 4;

/**
 * For the main thread: a thread that is ended while a package with native code is loaded, or makes objects, may end the process.
 * @param file whose mappings stay once they are made, also when it has grown and is mapped anew
 */
export function mappedPagesOf(file: string): MappedPages {
  let loading: Promise<Advise | undefined> | undefined;
  let known: readonly Mapping[] = [];
  return {
    async release() {
      loading ??= loadAdvise();
      const advise = await loading;
      if (!advise) return;
      // A mapping is no shorter than the file.
      const { size } = statSync(file);
      if (!known.some(({ bytes }) => bytes >= size)) known = mappingsOf(realpathSync(file), readFileSync('/proc/self/maps', 'utf8'));
      for (const { address, bytes } of known) advise(address, bytes, MADV_DONTNEED);
    },
  };
}

async function loadAdvise(): Promise<Advise | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    const { default: koffi } = await import('koffi');
    return koffi.load(null).func('int madvise(uintptr_t address, size_t bytes, int advice)') as unknown as Advise;
  } catch {
    return undefined;
  }
}

const MAPPING = /^([0-9a-f]+)-([0-9a-f]+) r--s \S+ \S+ \d+ +(.+)$/gm;

/**
 * Where a file is mapped to be read and shared, and for nothing else: memory of any other kind would lose its content.
 * @param maps as proc(5) tells of them
 */
export function mappingsOf(path: string, maps: string): Mapping[] {
  return [...maps.matchAll(MAPPING)].filter(([, , , mapped]) => mapped === path).map(([, from, to]) => mapping(`0x${from}`, `0x${to}`));
}

const mapping = (from: string, to: string): Mapping => ({ address: BigInt(from), bytes: BigInt(to) - BigInt(from) });
