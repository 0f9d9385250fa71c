import { io } from 'socket.io-client';
import type { HubSocket } from '../../load/hub-socket.js';

const RETURN_MS = 500;
/** Of a client that wants to be back soon. */
export const RECONNECTION = { reconnectionDelay: 100, reconnectionDelayMax: 1_000 };
/** Past it an attempt to connect counts as failed: an instance that hangs takes connections and does not answer. */
export const CONNECT_MS = 4_000;

/** A stock client that comes back whatever ended its connection, as the same user where it has a key. */
export function openLastingSocket(url: string, auth: { guestKey?: string } = {}): HubSocket {
  const socket: HubSocket = io(url, { forceNew: true, transports: ['websocket'], timeout: CONNECT_MS, auth, ...RECONNECTION });
  // socket.io-client leaves it to its user to return where the server said no.
  const comeBack = () => {
    if (!socket.active) setTimeout(() => socket.connect(), RETURN_MS);
  };
  socket.on('disconnect', (reason) => reason !== 'io client disconnect' && comeBack());
  socket.on('connect_error', comeBack);
  return socket;
}
