import { authOf } from '../delivery/connections/small-socket.js';
import type { ClientSession, ReadClient } from '../recovery/client-session.js';
import { sessionOf } from '../recovery/client-session.js';
import type { Recovery, Returning, TakenSession } from '../recovery/recovery.js';
import type { Connection } from './connection.js';
import type { HubServer, HubSocket, SocketData } from './types.js';

export interface ReturningClientsOptions {
  /** Left out: no client has a session. */
  readonly recovery: Recovery | undefined;
  readonly onFault: (where: string, error: unknown) => void;
  /** Whether a Socket.IO room is the hub's own, and comes back with the rest. */
  isOwnRoom(room: string, socket: HubSocket): boolean;
}

/** What socket.io tells a client of its session; it declares them as its own. */
interface SocketSession {
  pid: string;
  recovered: boolean;
  data: SocketData;
}

/** Reasons for which a connection is lost and not left, as socket.io has them for its own recovery. */
const LOST: ReadonlySet<string> = new Set([
  'transport error',
  'transport close',
  'forced close',
  'ping timeout',
  'server shutting down',
  'forced server close',
]);

/**
 * Gives stock clients that ask for it their connection state back: socket.io's own recovery knows only what its adapter broadcasts, and would take the
 * emits of each socket through Redis. To the client it looks the same.
 */
export class ReturningClients {
  constructor(
    private readonly io: HubServer,
    private readonly options: ReturningClientsOptions,
  ) {
    if (!options.recovery) return;
    const { adapter } = io.of('/');
    for (const event of ['join-room', 'leave-room']) adapter.on(event, (room: string, id: string) => this.#moved(room, id));
  }

  /** Whether a client asks for its state: for the others there is nothing to wait for. */
  isFor(socket: HubSocket): boolean {
    return this.options.recovery?.isFor(authOf(socket) as Returning) === true;
  }

  /**
   * The connection of a client that was let in as `user`, in its rooms again where it comes back to them.
   * `make` makes one that is in no room.
   */
  async connect(socket: HubSocket, user: string, make: () => Connection): Promise<Connection> {
    const { recovery } = this.options;
    const shown: Returning = authOf(socket);
    if (!recovery?.isFor(shown)) return make();
    const read: ReadClient = () => ({ data: socket.data, isWhole: this.#isWhole(socket) });
    const taken = await recovery.take(shown, user, read);
    const back = taken && (await this.#resume(socket, taken, make));
    if (back) return back;
    if (taken) recovery.end(taken.session, false);
    try {
      const session = await recovery.begin(shown, user, read);
      attach(socket, session, false);
    } catch (error) {
      this.options.onFault('session', error);
    }
    return make();
  }

  ended(socket: HubSocket, reason: string): void {
    const session = sessionOf(socket);
    if (session) this.options.recovery?.end(session, LOST.has(reason));
  }

  async #resume(socket: HubSocket, { session, rooms, data }: TakenSession, make: () => Connection): Promise<Connection | undefined> {
    session.attach(socket);
    const connection = make();
    if (!(await connection.subscriptions.resume(rooms))) return undefined;
    socket.data = { ...(data as SocketData) };
    attach(socket, session, true);
    return connection;
  }

  #moved(room: string, id: string): void {
    // Each is in the room of its own id from the start.
    if (room === id) return;
    const socket = this.io.sockets.sockets.get(id);
    if (socket && !this.options.isOwnRoom(room, socket)) sessionOf(socket)?.changed();
  }

  #isWhole(socket: HubSocket): boolean {
    return [...(socket.rooms ?? [])].every((room) => this.options.isOwnRoom(room, socket));
  }
}

function attach(socket: HubSocket, session: ClientSession, recovered: boolean): void {
  session.attach(socket);
  const own = socket as unknown as SocketSession;
  own.pid = session.pid;
  own.recovered = recovered;
  own.data = watched(own.data, () => session.changed());
}

/** Tells of each field that is set or deleted. */
function watched<Data extends object>(data: Data, onChange: () => void): Data {
  return new Proxy(data, {
    set: (target, field, value) => {
      onChange();
      return Reflect.set(target, field, value);
    },
    deleteProperty: (target, field) => {
      onChange();
      return Reflect.deleteProperty(target, field);
    },
  });
}
