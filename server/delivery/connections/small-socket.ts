import { type Server, Socket } from 'socket.io';
import type { EqualOnce } from './equal-once.js';
import { KeptHandshake } from './kept-handshake.js';
import { KeptRequest } from './kept-request.js';

type Auth = Socket['handshake']['auth'];
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
  readonly request: unknown;
  readonly conn: { readonly remoteAddress: string };
  recovered: boolean;
  buildHandshake(auth: Auth): object;
}
interface NamespaceParts {
  _createSocket(client: Client, auth: Auth): unknown;
}

const BaseSocket = Socket as unknown as new (namespace: NamespaceParts, client: Client, auth: Auth, session: Session) => SocketParts;

/**
 * Has the main namespace make its sockets with ids that `newId` makes, and with handshakes of which only that is kept, and made, which is asked for. With
 * socket.io's own recovery, and for clients of its older protocol, they are as before.
 */
export function makeSmallSockets(io: Server, newId: () => string, once: EqualOnce): void {
  class SmallSocket extends BaseSocket {
    override buildHandshake(auth: Auth): object {
      const { request, conn } = this;
      return request instanceof KeptRequest ? new KeptHandshake(request, conn.remoteAddress, auth, once) : super.buildHandshake(auth);
    }
  }
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
