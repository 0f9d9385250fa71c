import { type Server, Socket } from 'socket.io';
import { takeCommonListeners } from './common-listeners.js';
import { HandshakeSeed, KeptHandshake } from './kept-handshake.js';
import { KeptRequest } from './kept-request.js';
import { OneSet } from './one-set.js';

type Handshake = Socket['handshake'];
type Auth = Handshake['auth'];
interface Client {
  readonly conn: { readonly protocol: 3 | 4 };
}
/** What socket.io gives a socket whose state it has kept; the id is what is wanted here. */
interface Session {
  readonly sid: string;
  readonly rooms: readonly string[];
  readonly data: object;
  readonly missedPackets: readonly unknown[];
}
interface SocketParts {
  readonly request: Socket['request'];
  readonly conn: { readonly remoteAddress: string };
  readonly adapter: Socket['nsp']['adapter'];
  readonly id: string;
  readonly rooms: Set<string>;
  recovered: boolean;
  buildHandshake(auth: Auth): object;
}
interface NamespaceParts {
  _createSocket(client: Client, auth: Auth): unknown;
}

const BaseSocket = Socket as unknown as new (namespace: NamespaceParts, client: Client, auth: Auth, session: Session) => SocketParts;
/** Not a private field: the base's constructor sets it. */
const HANDSHAKE = Symbol('handshake');

class SmallSocket extends BaseSocket {
  declare [HANDSHAKE]: HandshakeSeed | Handshake;

  override buildHandshake(auth: Auth): object {
    return this.request instanceof KeptRequest ? new HandshakeSeed(auth) : super.buildHandshake(auth);
  }

  get handshake(): Handshake {
    const kept = this[HANDSHAKE];
    if (!(kept instanceof HandshakeSeed)) return kept;
    const made = new KeptHandshake(kept, this.request, this.conn.remoteAddress) as unknown as Handshake;
    this[HANDSHAKE] = made;
    return made;
  }

  set handshake(handshake: HandshakeSeed | Handshake) {
    this[HANDSHAKE] = handshake;
  }

  /** Whoever asks is given a Set, which goes on telling the rooms that it is in. */
  override get rooms(): Set<string> {
    const { sids } = this.adapter;
    const rooms: unknown = sids.get(this.id);
    if (rooms instanceof OneSet) sids.set(this.id, new Set(rooms));
    return super.rooms;
  }
}

takeCommonListeners(SmallSocket.prototype as unknown as Socket);

/** What a client has sent to be let in, without its handshake being made. */
export function authOf(socket: Pick<Socket, 'handshake'>): Auth {
  return socket instanceof SmallSocket ? socket[HANDSHAKE].auth : socket.handshake.auth;
}

/** Has a socket keep the room that each is in by itself in less memory. */
export function compactRooms(socket: object): void {
  if (!(socket instanceof SmallSocket)) return;
  const { adapter, id } = socket;
  compactSet(adapter.sids, id);
  compactSet(adapter.rooms, id);
}

function compactSet(sets: Map<string, Set<string>>, of: string): void {
  const set = sets.get(of);
  if (set?.size === 1) sets.set(of, new OneSet(set) as unknown as Set<string>);
}

/**
 * Has the main namespace make its sockets with ids that `newId` makes, and with handshakes that are made when they are asked for. With
 * socket.io's own recovery, and for clients of its older protocol, they are as before.
 */
export function makeSmallSockets(io: Server, newId: () => string): void {
  const namespace = io.of('/') as unknown as NamespaceParts;
  const { _createSocket } = namespace;
  const { connectionStateRecovery } = (io as unknown as { opts: { connectionStateRecovery?: object } }).opts;
  namespace._createSocket = (client, auth) => {
    if (connectionStateRecovery || client.conn.protocol !== 4) return _createSocket.call(namespace, client, auth);
    const socket = new SmallSocket(namespace, client, auth, { sid: newId(), rooms: [], data: {}, missedPackets: [] });
    socket.recovered = false;
    return socket;
  };
}
