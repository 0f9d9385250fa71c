import { createServer, type Socket } from 'node:net';
import { stopReading } from './forward.js';
import type { InstanceProcess } from './instance-process.js';

/** Connections that wait while no instance runs: at the start, and when all have died. */
const WAITING = 1_024;

/** What the primary needs to know of an instance to choose among them. */
export type Candidate = Pick<InstanceProcess, 'id' | 'takes' | 'load' | 'busy' | 'give'>;

/** The port: accepts connections and gives each, unread, to the instance with the fewest. It outlasts every instance. */
export class Front {
  /** Reads nothing, so a slow client costs the primary nothing. */
  readonly server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (socket) => this.#place(socket));
  readonly #waiting: Socket[] = [];

  constructor(private readonly candidates: () => Iterable<Candidate>) {}

  /** Brings an upgrade to the instance that has its session; where that has died, another one says so to the client. */
  pass({ to, head }: { to: number; head: string }, socket: Socket): void {
    stopReading(socket);
    const all = [...this.candidates()];
    const taker = all.find(({ id }) => id === to) ?? best(all);
    if (taker) taker.give({ type: 'upgrade', head }, socket);
    else socket.destroy();
  }

  /** An instance has become ready. */
  placeWaiting(): void {
    for (const socket of this.#waiting.splice(0)) this.#place(socket);
  }

  close(): void {
    this.server.close();
    for (const socket of this.#waiting.splice(0)) socket.destroy();
  }

  #place(socket: Socket): void {
    const taker = best(this.candidates());
    if (taker) taker.give({ type: 'connection' }, socket);
    else if (this.server.listening && this.#waiting.length < WAITING) this.#waiting.push(socket);
    else socket.destroy();
  }
}

/** The instance with the fewest connections, one that keeps up if there is one. */
export function best<Some extends Pick<Candidate, 'takes' | 'load' | 'busy'>>(candidates: Iterable<Some>): Some | undefined {
  return [...candidates].filter(({ takes }) => takes).sort((a, b) => Number(a.busy) - Number(b.busy) || a.load - b.load)[0];
}
