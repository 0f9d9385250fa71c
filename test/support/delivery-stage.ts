import type { Server, Socket as ServerSocket } from 'socket.io';
import { OPTIONS } from '../../server/config/options.js';
import { type CreateHubOptions, createHub, type Hub } from '../../server/roomcast.js';
import { type Listener, openListener } from './delivery-listener.js';
import type { Scope } from './scope.js';
import type { ClientOptions } from './stock-client.js';
import { waitFor } from './wait.js';

/** The hub's own way of writing to sockets, and Socket.IO's, by which the suite was made. */
export const DELIVERIES: readonly string[] = 'delivery' in OPTIONS ? ['turn', 'stock'] : ['stock'];

/** Nothing but delivery: no limits, and nobody so slow that the hub holds its rooms back. */
const PLAIN: CreateHubOptions = {
  store: 'memory',
  port: 0,
  web: false,
  hostMetrics: false,
  jobsInServer: false,
  logLevel: 'silent',
  limits: false,
  payloadBytes: 4 * 1024 ** 2,
  unsentBytes: 1024 ** 3,
  drainMs: 0,
};

/** A hub in this process and those who listen to it. */
export class Stage {
  readonly #scope: Scope;
  readonly #arrivals = new Map<string, (half: ServerSocket) => void>();
  readonly hub: Hub;
  /** The hub's Socket.IO server, for events of any name. */
  readonly io: Server;
  readonly #listeners: Listener[] = [];

  constructor(scope: Scope, hub: Hub) {
    this.#scope = scope;
    this.hub = hub;
    this.io = hub.io as unknown as Server;
    for (const namespace of ['/', '/side']) {
      this.io.of(namespace).on('connection', (half) => this.#arrivals.get(keyOf(namespace, String(half.handshake.query.listener)))?.(half));
    }
  }

  /** Resolves when the server has the socket: its client may not know yet, and may be about to upgrade. */
  async meet(options: ClientOptions = {}, name = 'listener'): Promise<Listener> {
    const listener = openListener(this.#scope, this.hub.url, `${name}-${this.#listeners.length}`, options);
    this.#listeners.push(listener);
    await this.#arrival(listener, '/');
    return listener;
  }

  /** Resolves when the client knows that it is connected. */
  async connect(options: ClientOptions = {}, name?: string): Promise<Listener> {
    const listener = await this.meet(options, name);
    await waitFor(() => listener.socket.connected, { what: `${listener.name} to connect` });
    return listener;
  }

  connectMany(count: number, options: ClientOptions = {}): Promise<Listener[]> {
    return Promise.all(Array.from({ length: count }, () => this.connect(options)));
  }

  /** Brings a listener into `/side` too, over its connection. */
  async enterSide(listener: Listener): Promise<ServerSocket> {
    const arrival = this.#arrival(listener, '/side');
    const socket = listener.enter('/side');
    const half = await arrival;
    await waitFor(() => socket.connected, { what: `${listener.name} in /side` });
    return half;
  }

  /** Subscribes to a room of the hub, and waits until its messages come live. */
  async subscribe(room: string, ...listeners: Listener[]): Promise<void> {
    for (const { socket, here } of listeners) {
      const answer = await socket.timeout(10_000).emitWithAck('subscribe', { room });
      if (!answer.ok) throw new Error(JSON.stringify(answer.error));
      await waitFor(() => here.rooms.has(`{${room}}`), { what: `${room} to be live` });
    }
  }

  /** Also waits until no client sends requests any more: those of one that polls would come after the test's end. */
  async close(): Promise<void> {
    await this.hub.close();
    await waitFor(() => this.#listeners.every(({ isClosed }) => isClosed), { what: 'the end of all connections' });
  }

  async #arrival(listener: Listener, namespace: string): Promise<ServerSocket> {
    const half = await new Promise<ServerSocket>((resolve, reject) => {
      this.#arrivals.set(keyOf(namespace, listener.name), resolve);
      listener.socket.once('connect_error', reject);
    });
    listener.halves.set(namespace, half);
    return half;
  }
}

const keyOf = (namespace: string, listener: string) => `${namespace} ${listener}`;

/** A hub that delivers in the given way; it closes with the scope. */
export async function openStage(scope: Scope, delivery: string, options: CreateHubOptions = {}): Promise<Stage> {
  const way = DELIVERIES.length > 1 ? { delivery } : {};
  const hub = await createHub({ ...PLAIN, ...way, ...options } as CreateHubOptions);
  return scope.defer(new Stage(scope, hub), (stage) => stage.close());
}

export const settleAll = (listeners: readonly Listener[]): Promise<unknown> => Promise.all(listeners.map((listener) => listener.settle()));
