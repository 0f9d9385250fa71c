import type { Server, Socket } from 'socket.io';
import type { ClientToServerEvents, ServerToClientEvents } from '../../shared/protocol.js';
import type { Principal } from '../auth/principal.js';

/** What the hub keeps on a socket; `fetchSockets()` of other instances sees it too. */
export interface SocketData {
  userId: string;
}

type NoInterServerEvents = Record<never, never>;
export type HubServer = Server<ClientToServerEvents, ServerToClientEvents, NoInterServerEvents, SocketData>;
export type HubSocket = Socket<ClientToServerEvents, ServerToClientEvents, NoInterServerEvents, SocketData>;

/** The budget of one connection. */
export interface ConnectionLimits {
  /** @throws HubError `rate_limited` with `retryAfterMs`, or `flood` */
  take(what: 'event' | 'publish'): void;
}

/** Who is behind a connection; `auth:refresh` puts another principal in its place. */
export interface PrincipalHolder {
  principal: Principal;
  /** Too much waits for the client: hold its rooms back until it has drained. */
  holdBack(): void;
}
