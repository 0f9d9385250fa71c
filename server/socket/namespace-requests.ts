import { ERRORS, toWireError } from '../../shared/errors.js';
import { ignoringEvents } from '../delivery/connections/short-event.js';
import type { ConnectionLimits } from './types.js';

/** engine.io's side of a client, as far as it is used here. */
interface EngineConnection {
  on(event: 'packet', listener: (packet: Packet) => void): unknown;
  /** With `true` at once, whatever waits for the client. */
  close(discard: true): void;
}
interface Packet {
  readonly type: string;
  readonly data?: unknown;
}

export interface NamespaceRequestsOptions {
  limitsOf(connection: object): ConnectionLimits;
  onFault(where: string, error: unknown): void;
}

/** How a packet of Socket.IO begins that asks for a namespace: `PacketType.CONNECT` of its parser. */
const CONNECT = '0';

/**
 * Counts the namespaces that a client asks for, and ends one that floods. Socket.IO itself refuses the names that it does not know, without
 * a limit; what waits for a client that does not read is looked at only once it has entered the hub's.
 */
export class NamespaceRequests {
  /** Called on the connection, so that all share it. */
  readonly #onPacket: (this: EngineConnection, packet: Packet) => void;

  constructor({ limitsOf, onFault }: NamespaceRequestsOptions) {
    this.#onPacket = ignoringEvents(function (this: EngineConnection, { type, data }: Packet) {
      if (type !== 'message' || typeof data !== 'string' || !data.startsWith(CONNECT)) return;
      try {
        limitsOf(this).take('event');
      } catch (thrown) {
        if (!('close' in ERRORS[toWireError(thrown).code])) return;
        onFault('connect', thrown);
        this.close(true);
      }
    });
  }

  watch(connection: object): void {
    (connection as EngineConnection).on('packet', this.#onPacket as (packet: Packet) => void);
  }
}
