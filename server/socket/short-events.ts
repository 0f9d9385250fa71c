import type { AckFunction } from './answer.js';
import type { Connection } from './connection.js';
import type { EventHandler } from './event-handler.js';
import { plainAck } from './plain-ack.js';
import type { HubSocket } from './types.js';

/** What Socket.IO's decoder gives. */
export interface DecodedPacket {
  readonly type: number;
  readonly nsp: string;
  readonly data?: unknown;
  readonly id?: number;
}

/** What socket.io keeps of a socket and does not declare; `short-events.test.ts` holds it to the version. */
interface SocketParts {
  readonly fns: readonly unknown[];
  readonly _events: Record<string, unknown>;
  ack(id: number): (answer: unknown) => void;
}

interface Taken {
  readonly socket: HubSocket;
  readonly handler: EventHandler;
  readonly packet: DecodedPacket;
}

/** `PacketType.EVENT` of socket.io-parser. */
const EVENT = 2;
/** A connection's own, which `Connection.receive` does the work of. */
const OWN_MIDDLEWARES = 1;

export interface ShortEventsOptions {
  readonly connections: ReadonlyMap<string, Connection>;
  /** The listener that all sockets share for an event of the hub's, and its handler. */
  own(event: string): { readonly listener: unknown; readonly handler: EventHandler } | undefined;
}

/**
 * The short way of the hub's own events from the parser to their handlers. Socket.IO brings each event over two ticks and past whoever may
 * refuse it or listen to any event; where there is nobody else, what one read brings goes over them together. Everything else goes
 * Socket.IO's way, and none overtakes another.
 */
export class ShortEvents {
  /** What was decoded since the last packet that went Socket.IO's way. */
  #batch: Taken[] | undefined;

  constructor(private readonly options: ShortEventsOptions) {}

  /** Takes a packet of a client; false: it is to go Socket.IO's way. */
  take(socket: HubSocket | undefined, packet: DecodedPacket): boolean {
    const handler = socket && packet.type === EVENT ? this.#handler(socket, (packet.data as unknown[])[0]) : undefined;
    if (!handler) {
      this.#batch = undefined;
      return false;
    }
    if (!this.#batch) {
      this.#batch = [];
      process.nextTick(this.#close, this.#batch);
    }
    this.#batch.push({ socket: socket!, handler, packet });
    return true;
  }

  /** Undefined where somebody else has a say in the event. */
  #handler(socket: HubSocket, event: unknown): EventHandler | undefined {
    const own = typeof event === 'string' ? this.options.own(event) : undefined;
    const { fns, _events } = socket as unknown as SocketParts;
    const isAlone = own !== undefined && _events[event as string] === own.listener && fns.length === OWN_MIDDLEWARES;
    return isAlone && socket.listenersAny().length === 0 ? own.handler : undefined;
  }

  /** The first tick, in which Socket.IO asks the middlewares: what is decoded from now on comes behind. */
  readonly #close = (batch: Taken[]): void => {
    if (this.#batch === batch) this.#batch = undefined;
    process.nextTick(this.#run, batch);
  };

  readonly #run = (batch: readonly Taken[]): void => {
    for (const { socket, handler, packet } of batch) {
      // As Socket.IO does with what comes behind the end of a connection.
      if (!socket.connected) continue;
      const data = packet.data as [string, ...unknown[]];
      this.options.connections.get(socket.id)?.receive(data[0], handler, data.slice(1), ackOf(socket, handler, packet));
    }
  };
}

function ackOf(socket: HubSocket, { answers }: EventHandler, { nsp, id }: DecodedPacket): AckFunction | undefined {
  if (id === undefined) return undefined;
  return answers === 'json' && nsp === '/' ? plainAck(socket, id) : (socket as unknown as SocketParts).ack(id);
}
