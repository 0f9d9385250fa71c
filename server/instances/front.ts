import { createServer, type Socket } from 'node:net';
import { stopReading } from './forward.js';
import type { Parcel } from './hand-out.js';
import type { InstanceProcess } from './instance-process.js';
import type { Delivery } from './messages.js';

/** Connections that wait while no instance runs: at the start, and when all have died. */
const WAITING = 1_024;

/** What the primary needs to know of an instance to choose among them. */
export type Candidate = Pick<InstanceProcess, 'id' | 'takes' | 'load' | 'busy' | 'give'>;

/** The port: accepts connections and gives each, unread, to the instance with the fewest. It outlasts every instance. */
export class Front {
  /** Reads nothing, so a slow client costs the primary nothing. */
  readonly server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (socket) => this.place(socket));
  readonly #waiting: Parcel[] = [];

  constructor(private readonly candidates: () => Iterable<Candidate>) {}

  /** Brings a connection to the instance that its last request belongs to; where that has died, another one says so to the client. */
  pass(socket: Socket, { to, head }: { readonly to: number; readonly head: string }): void {
    stopReading(socket);
    const delivery = { type: 'request', head } as const;
    const taker = [...this.candidates()].find(({ id }) => id === to);
    if (taker) taker.give(socket, delivery);
    else this.place(socket, delivery);
  }

  /** Brings a connection to any instance, at once or when there is one. */
  place(socket: Socket, delivery: Delivery = { type: 'connection' }): void {
    const taker = best(this.candidates());
    if (taker) taker.give(socket, delivery);
    else if (this.server.listening && this.#waiting.length < WAITING) this.#waiting.push({ socket, delivery });
    else socket.destroy();
  }

  /** An instance has become ready. */
  placeWaiting(): void {
    for (const { socket, delivery } of this.#waiting.splice(0)) this.place(socket, delivery);
  }

  close(): void {
    this.server.close();
    for (const { socket } of this.#waiting.splice(0)) socket.destroy();
  }
}

/** The instance with the fewest connections, one that keeps up if there is one. */
export function best<Some extends Pick<Candidate, 'takes' | 'load' | 'busy'>>(candidates: Iterable<Some>): Some | undefined {
  return [...candidates].filter(({ takes }) => takes).sort((a, b) => Number(a.busy) - Number(b.busy) || a.load - b.load)[0];
}
