import { execFileSync } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** The file of an LMDB environment, in its directory. */
export const STORE_FILE = 'data.mdb';
/** Bytes at most in front of the second of the two meta pages, and what of one is looked at. */
const LONGEST_PAGE = 65_536;
const META_BYTES = 192;
/** Of `MDB_meta` (lmdb.h): from the magic number, which comes after the page's header. */
const MAGIC = 0xbeefc0de;
const MAGIC_AT = 24;
const PAGE_BYTES_AT = 24;
const LAST_PAGE_AT = 120;
const COMMIT_AT = 128;
/** Milliseconds for reading all of a file. */
const READ_MS = 20_000;

interface Meta {
  readonly commit: bigint;
  /** Bytes up to the end of the last page. */
  readonly bytes: number;
}

/**
 * Looks at an LMDB file before it is opened: LMDB maps it into memory, where a file that is cut off or none of its own ends the process without a
 * word. One that is missing or empty is as good as a new one.
 * @throws Error that says what is wrong
 */
export function checkStoreFile(dir: string): void {
  const { bytes, head } = readHead(join(dir, STORE_FILE));
  if (bytes === 0) return;
  const first = metaAt(head, 0);
  const pageBytes = first && head.readUInt32LE(MAGIC_AT + PAGE_BYTES_AT);
  if (!first || !pageBytes)
    throw new Error(`${STORE_FILE} is damaged: it does not begin as a store does; put a copy in its place, or remove it`);
  const newest = [first, metaAt(head, pageBytes)].reduce((one, other) => (one && other && other.commit > one.commit ? other : one));
  // The last pages of a sound file may never have been written, where they are free: then it can be read to its end all the same.
  if (newest && bytes < newest.bytes && !canBeRead(dir)) {
    throw new Error(`${STORE_FILE} is damaged: it has ${bytes} of ${newest.bytes} bytes; put a copy in its place, or remove it`);
  }
}

function readHead(path: string): { bytes: number; head: Buffer } {
  const head = Buffer.alloc(LONGEST_PAGE + META_BYTES);
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { bytes: 0, head };
    throw error;
  }
  try {
    readSync(file, head, 0, head.length, 0);
    return { bytes: fstatSync(file).size, head };
  } finally {
    closeSync(file);
  }
}

function metaAt(head: Buffer, page: number): Meta | undefined {
  const at = page + MAGIC_AT;
  if (at + META_BYTES - MAGIC_AT > head.length || head.readUInt32LE(at) !== MAGIC) return undefined;
  const pageBytes = head.readUInt32LE(at + PAGE_BYTES_AT);
  return { commit: head.readBigUInt64LE(at + COMMIT_AT), bytes: (Number(head.readBigUInt64LE(at + LAST_PAGE_AT)) + 1) * pageBytes };
}

/** Reads all of it, in a process that it may end. A key of the root names a table, or is an entry. */
const READ_ALL = `
  import { open } from 'lmdb';
  const root = open({ path: process.argv[1], readOnly: true, noSubdir: false, maxDbs: 1_000, encoding: 'binary' });
  const tableOf = (name) => {
    try {
      return root.openDB({ name, encoding: 'binary' });
    } catch {
      return root;
    }
  };
  for (const table of new Set([root, ...[...root.getKeys({ limit: 100 })].map(tableOf)])) for (const _ of table.getRange());
`;

function canBeRead(dir: string): boolean {
  try {
    const options = { cwd: import.meta.dirname, stdio: 'ignore', timeout: READ_MS } as const;
    execFileSync(process.execPath, ['--input-type=module', '--eval', READ_ALL, dir], options);
    return true;
  } catch (error) {
    // So much that was read in this time, and it was sound.
    return (error as NodeJS.ErrnoException).code === 'ETIMEDOUT';
  }
}
