import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** What came: the number of the last delivery, and how many of all have ended. */
export interface Load {
  readonly taken: number;
  readonly closed: number;
}

/** Gives an HTTP server, which does not listen itself, the connections that another process accepted. */
export class Intake {
  #taken = 0;
  #closed = 0;
  #due = false;

  constructor(
    private readonly server: Server,
    /** Told once per turn of the event loop at most. */
    private readonly onLoad: (load: Load) => void,
  ) {
    // Node looks for slow and idle connections, and can close all, from this event on.
    server.emit('listening');
  }

  /** Undefined: the client closed it on the way. `head`: what was read from the socket already. */
  take(number: number, socket: Socket | undefined, head?: Buffer): void {
    this.#taken = number;
    this.#tell();
    if (!socket) {
      this.#closed++;
      return;
    }
    socket.once('close', () => {
      this.#closed++;
      this.#tell();
    });
    socket.allowHalfOpen = true; // As on every socket that an HTTP server accepts.
    if (head) socket.unshift(head);
    this.server.emit('connection', socket);
  }

  #tell(): void {
    if (this.#due) return;
    this.#due = true;
    setImmediate(() => {
      this.#due = false;
      this.onLoad({ taken: this.#taken, closed: this.#closed });
    });
  }
}
