import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import { stopReading } from './forward.js';
import { Intake } from './intake.js';
import { meetingPath, peersIn } from './meeting-dir.js';
import { openMeetingPoint } from './meeting-point.js';
import type { Channel, ToInstance } from './messages.js';
import { metricsOfAll } from './metrics-of-all.js';
import { requestHead } from './request-head.js';
import { routeSessions } from './router.js';

export interface InstanceOptions {
  /** Its place among the N, from 1 on: what logs and metrics call it. A process that takes over has the same. */
  readonly number: number;
  /** No other process of this run has it. */
  readonly id: number;
  /** Where the instances meet. */
  readonly dir: string;
  readonly channel: Channel;
  /** The primary went while this instance was leaving: nobody waits for the end. */
  onAbandoned(): void;
}

/** Milliseconds in which the connections that came last send their request, before a replaced instance begins to end. */
const LAST_REQUESTS_MS = 500;

/** One of several processes behind one port, as it sees the others. */
export class Instance {
  readonly number: number;
  readonly #stop = new AbortController();
  readonly #placed = new WeakSet<object>();
  #successor: number | undefined;
  #intake: Intake | undefined;
  #meeting: Server | undefined;

  constructor(private readonly options: InstanceOptions) {
    this.number = options.number;
    options.channel.onMessage((message, socket) => this.#hear(message, socket));
    options.channel.onDisconnect(() => {
      if (this.stop.aborted) options.onAbandoned();
      else this.#stop.abort();
    });
  }

  /** Fires when the primary wants this instance to end, or is gone. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  /** Serves with a server that has all its listeners and does not listen itself. */
  async serve(server: Server, registry: Registry): Promise<void> {
    const { id, dir, channel } = this.options;
    registry.setDefaultLabels({ process: String(this.number) });
    const local = routeSessions(server, {
      id,
      pathOf: (other) => meetingPath(dir, other),
      successor: () => this.#successor,
      handOver: (to, req, socket, rest) => this.#handOver(to, req, socket, rest),
      isPlaced: (socket) => this.#placed.delete(socket),
    });
    // A replaced instance has the same number as its successor, whose counters go on.
    const ownMetrics = async () => (this.#successor === undefined ? registry.getMetricsAsJSON() : []);
    this.#meeting = await openMeetingPoint(meetingPath(dir, id), local, ownMetrics);
    this.#intake = new Intake(server, (load) => channel.send({ type: 'load', ...load }));
  }

  /** From here on connections come. */
  ready(): void {
    this.options.channel.send({ type: 'ready' });
  }

  /** Takes no new connection; the last ones get their answer when another instance is there to give it. */
  async leave(): Promise<void> {
    this.#stop.abort();
    this.options.channel.send({ type: 'leaving' });
    if (this.#successor !== undefined) await delay(LAST_REQUESTS_MS);
  }

  close(): void {
    this.#meeting?.close();
    this.#meeting?.closeAllConnections();
  }

  /** The metrics of all instances, told apart by the label `process`. */
  async metricsText(): Promise<string> {
    const { dir } = this.options;
    return metricsOfAll((await peersIn(dir)).map((id) => meetingPath(dir, id)));
  }

  #hear(message: ToInstance, socket: Socket | undefined): void {
    if (message.type === 'stop') {
      this.#successor = message.successor;
      this.#stop.abort();
      return;
    }
    if (message.type === 'request' && socket) this.#placed.add(socket);
    this.#intake?.take(message.number, socket, message.type === 'request' ? Buffer.from(message.head, 'base64') : undefined);
  }

  /** By way of the primary, the only one that has a channel to every instance. */
  #handOver(to: number, req: IncomingMessage, socket: Socket, rest: Buffer): void {
    stopReading(socket);
    const message = { type: 'request', to, head: requestHead(req, rest).toString('base64') } as const;
    // Not within the parser's own call, which goes on to read the next request.
    setImmediate(() => {
      stopReading(socket);
      // Its server would wait for the primary to say that the connection has ended.
      Object.assign(socket, { server: undefined });
      // Nothing is left of the socket here then but those who wait for its end.
      this.options.channel.send(message, socket, () => socket.destroy());
    });
  }
}
