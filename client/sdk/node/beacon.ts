import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** Shows other processes that this one lives: the system puts it out with the process, however that ends. */
export interface Beacon {
  readonly path: string;
  close(): Promise<void>;
}

/** What the address of a Unix socket takes, in bytes, on every system. */
const PATH_BYTES = 100;
const BEACON = /^(roomcast-)?alive-[0-9a-f]{12}$/;
/** What it is to connect to a socket that nobody has open. */
const NOBODY: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOENT']);

/** A socket in the directory; beside the system's other temporary files where the directory can hold none. */
export async function lightBeacon(dir: string): Promise<Beacon> {
  const name = `alive-${randomBytes(6).toString('hex')}`;
  const elsewhere = process.platform === 'win32' ? `\\\\.\\pipe\\roomcast-${name}` : join(tmpdir(), `roomcast-${name}`);
  const inside = join(dir, name);
  const fits = process.platform !== 'win32' && Buffer.byteLength(inside) <= PATH_BYTES;
  const server = fits ? await listen(inside).catch(() => listen(elsewhere)) : await listen(elsewhere);
  return {
    path: server.address() as string,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Somebody lives behind it, or it cannot be seen that nobody does. */
export function isLit(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const tell = (lit: boolean) => {
      socket.destroy();
      resolve(lit);
    };
    socket.once('connect', () => tell(true));
    socket.once('error', (error: NodeJS.ErrnoException) => tell(!NOBODY.has(error.code)));
  });
}

/** Clears away what a process that was killed left of its beacon: nothing else, whatever a file says that its path is. */
export async function removeDeadBeacon(path: string): Promise<void> {
  if (BEACON.test(basename(path))) await rm(path, { force: true }).catch(() => {});
}

function listen(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy()).unref();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // A worker of a cluster would share the socket with its primary, which lives longer.
    server.listen({ path, exclusive: true }, () => resolve(server));
  });
}
