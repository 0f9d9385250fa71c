import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Who has a data directory. `born` tells the process from a later one with the same pid. */
interface Owner {
  readonly pid: number;
  readonly born: string;
  readonly released?: true;
}

/** A process lives, and its birth cannot be seen. */
const UNKNOWN = '';
const OWNER_FILE = /^owner\.([0-9]+)$/;

/**
 * Makes this process the one owner of a data directory (made if it is missing), until the function that it gives is called or the process ends,
 * however it ends.
 *
 * Owner files are numbered and the highest counts. The next owner creates the next number, which only one can: nothing is ever
 * taken away from a file that another process may just have made its own.
 * @throws Error with one clear line when a living process has the directory, or it cannot be written. Containers do not see each other's
 *   processes: two of them must not share a directory
 */
export function claimDataDir(dir: string): () => void {
  const path = resolve(dir);
  try {
    mkdirSync(path, { recursive: true });
    for (;;) {
      const highest = Math.max(0, ...ownerNumbers(path));
      if (highest > 0) refuseIfAlive(path, readOwner(join(path, `owner.${highest}`)));
      const own = join(path, `owner.${highest + 1}`);
      if (!createWhole(own, { pid: process.pid, born: bornOf(process.pid) ?? UNKNOWN })) continue;
      if (Math.max(...ownerNumbers(path)) > highest + 1) {
        // This process slept over a whole ownership of another: the number was free again only because it is past.
        rmSync(own, { force: true });
        continue;
      }
      for (const older of ownerNumbers(path)) if (older <= highest) rmSync(join(path, `owner.${older}`), { force: true });
      return () => replaceWhole(own, { pid: process.pid, born: UNKNOWN, released: true });
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new Error(`the data directory ${path} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

function refuseIfAlive(path: string, owner: Owner | undefined): void {
  if (!owner || owner.released) return;
  const born = bornOf(owner.pid);
  if (born === undefined || (born !== UNKNOWN && born !== owner.born)) return;
  const who = owner.pid === process.pid ? 'this very process' : `process ${owner.pid}`;
  throw new Error(`the data directory ${path} is in use by ${who}; give each hub a directory of its own`);
}

function ownerNumbers(path: string): number[] {
  return readdirSync(path).flatMap((name) => {
    const number = OWNER_FILE.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}

/** Undefined: it went meanwhile, or is not one of ours. */
function readOwner(file: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

/** Creates the file with all of its content at once; false when it is there already. */
function createWhole(file: string, owner: Owner): boolean {
  const draft = writeDraft(file, owner);
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function replaceWhole(file: string, owner: Owner): void {
  try {
    renameSync(writeDraft(file, owner), file);
  } catch {
    // The directory is gone or cannot be written: the end of the process releases it.
  }
}

function writeDraft(file: string, owner: Owner): string {
  const draft = `${file}.${process.pid}-${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, JSON.stringify(owner));
  return draft;
}

/** When a living process was born, as text that no other process with this pid has; undefined when there is none. */
export function bornOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  try {
    return process.platform === 'linux' ? bornOnLinux(pid) : bornByPs(pid);
  } catch {
    return UNKNOWN;
  }
}

/** The boot, the pid namespace (containers count pids apart), and the 22nd field of /proc/<pid>/stat: clock ticks since the boot. */
function bornOnLinux(pid: number): string | undefined {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in parentheses and may hold blanks and parentheses itself.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (state === 'Z' || state === 'X') return undefined;
  return `${boot} ${readlinkSync('/proc/self/ns/pid')} ${fields[18]}`;
}

function bornByPs(pid: number): string {
  return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
}
