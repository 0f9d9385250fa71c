import { DeadlineQueue, type Timing } from './deadline-queue.js';
import type { EngineConnection, Refreshable } from './internals.js';

export interface HeartbeatOptions {
  pingInterval: number;
  pingTimeout: number;
  timing?: Timing;
}

/** engine.io's heartbeat (its protocol 4) with one timer for the pings of all connections and one for the missing answers. */
export class Heartbeats {
  readonly #silent: DeadlineQueue<Heartbeat>;
  readonly #waiting: DeadlineQueue<Heartbeat>;

  constructor({ pingInterval, pingTimeout, timing }: HeartbeatOptions) {
    this.#silent = new DeadlineQueue(pingInterval, (heartbeat) => heartbeat.ping(), timing);
    this.#waiting = new DeadlineQueue(pingTimeout, (heartbeat) => heartbeat.miss(), timing);
  }

  /** Takes over from the connection's own timer, which engine.io has just started. */
  take(connection: EngineConnection): void {
    // In protocol 3 it is the client that pings.
    if (connection.protocol !== 4 || connection.readyState !== 'open') return;
    clearTimeout(connection.pingIntervalTimer as NodeJS.Timeout);
    connection.pingIntervalTimer = new Heartbeat(connection, this.#silent, this.#waiting);
    this.#silent.put(connection.pingIntervalTimer as Heartbeat);
  }

  /** The connection has ended; engine.io clears timers of its own only. */
  end({ pingIntervalTimer }: EngineConnection): void {
    if (!(pingIntervalTimer instanceof Heartbeat)) return;
    this.#silent.delete(pingIntervalTimer);
    this.#waiting.delete(pingIntervalTimer);
  }
}

/** One connection's: in the place of both timers that engine.io would keep. */
class Heartbeat implements Refreshable {
  constructor(
    private readonly connection: EngineConnection,
    private readonly silent: DeadlineQueue<Heartbeat>,
    private readonly waiting: DeadlineQueue<Heartbeat>,
  ) {}

  /** engine.io's word for: the answer has come (it has cleared the timeout before), or another packet while the answer is waited for. */
  refresh(): void {
    if (this.connection.pingTimeoutTimer !== null) {
      this.waiting.put(this);
      return;
    }
    this.waiting.delete(this);
    this.silent.put(this);
    trimQueues(this.connection);
  }

  ping(): void {
    const { connection } = this;
    connection.hasRefreshedPingTimeout = false;
    connection.sendPacket('ping');
    connection.pingTimeoutTimer = this;
    this.waiting.put(this);
  }

  /** An upgrade while the answer was waited for has cleared the timeout: the answer comes over the new transport. */
  miss(): void {
    const { connection } = this;
    if (connection.pingTimeoutTimer === this && connection.readyState !== 'closed') connection.onClose('ping timeout');
  }
}

/** What engine.io has queued and sent leaves arrays with room for 17: a quiet connection is given empty ones. */
export function trimQueues(connection: EngineConnection): void {
  if (connection.writeBuffer.length === 0) connection.writeBuffer = [];
  if (connection.packetsFn.length === 0) connection.packetsFn = [];
  if (connection.sentCallbackFn.length === 0) connection.sentCallbackFn = [];
}
