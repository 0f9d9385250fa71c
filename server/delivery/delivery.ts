import type { Server, ServerOptions, Socket } from 'socket.io';
import { RoomEmitter } from './room-emitter.js';
import type { OnDelivered, RoomOutput } from './room-output.js';
import { StockOutput } from './stock-output.js';
import { Turn } from './turn.js';
import type { SenderHost, TurnSender } from './turn-sender.js';
import { createWsEngine } from './turn-socket.js';

export interface DeliveryOptions {
  readonly delivery: 'turn' | 'stock';
  /** Of `turn`, in milliseconds. */
  readonly deliveryWindowMs: number;
  readonly compression: boolean;
  readonly compressionThresholdBytes: number;
}

/** How a hub writes to its sockets. */
export interface Delivery {
  /** What Socket.IO's server is to be made with. */
  readonly io: Partial<ServerOptions>;
  /** Before anything is sent. */
  attach(io: Server): void;
  readonly output: RoomOutput;
  /** Bytes written so far that the sockets do not count as theirs. */
  straightBytes(): number;
}

/** Told of what waits here because its sockets do not take it at once. Stock delivery does not know. */
export interface QueueWatch {
  /** With these sockets waits a thing that was sent to a group. */
  fed(sockets: readonly Socket[]): void;
  /** The system has not taken all that was written to this one. */
  waits(socket: Socket): void;
}
const UNWATCHED: QueueWatch = { fed: () => {}, waits: () => {} };

export function createDelivery(options: DeliveryOptions, onDelivered: OnDelivered, queues: QueueWatch = UNWATCHED): Delivery {
  return options.delivery === 'stock' ? stockDelivery(onDelivered) : turnDelivery(options, onDelivered, queues);
}

function stockDelivery(onDelivered: OnDelivered): Delivery {
  const { output, attach } = later((io) => new StockOutput(io, onDelivered));
  return { io: {}, attach, output, straightBytes: () => 0 };
}

function turnDelivery(options: DeliveryOptions, onDelivered: OnDelivered, queues: QueueWatch): Delivery {
  const { deliveryWindowMs, compression, compressionThresholdBytes } = options;
  const turn = new Turn({ windowMs: deliveryWindowMs });
  const compressBytes = compression ? compressionThresholdBytes : Number.POSITIVE_INFINITY;
  const onFed = (sockets: readonly Socket[]) => queues.fed(sockets);
  const { output, attach, made } = later((io) => new RoomEmitter(io, { turn, compressBytes, onDelivered, onFed }));
  const onCongestion = (sender: TurnSender) => made().groups.changed(sender);
  const onWaiting = (sender: TurnSender) => {
    const socket = made().groups.socketOf(sender);
    if (socket) queues.waits(socket);
  };
  const host: SenderHost = { turn, onCongestion, onWaiting, straightBytes: 0 };
  return { io: { wsEngine: createWsEngine(host) }, attach, output, straightBytes: () => host.straightBytes };
}

/** The server is made with the engine of a delivery, and the delivery's output on the server. */
function later<Output extends RoomOutput>(make: (io: Server) => Output) {
  let output: Output | undefined;
  const made = () => {
    if (!output) throw new Error('the delivery has no server yet');
    return output;
  };
  return {
    made,
    attach: (io: Server) => {
      output = make(io);
    },
    output: {
      emit: (group, event, payload) => made().emit(group, event, payload),
      message: (group, entry) => made().message(group, entry),
    } satisfies RoomOutput,
  };
}
