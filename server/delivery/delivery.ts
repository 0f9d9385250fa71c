import type { Server, ServerOptions } from 'socket.io';
import { RoomEmitter } from './room-emitter.js';
import type { RoomOutput } from './room-output.js';
import { StockOutput } from './stock-output.js';
import { Turn } from './turn.js';
import type { TurnSender } from './turn-sender.js';
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
}

/** Told how many sockets a thing was sent to. */
export type OnDelivered = (sockets: number) => void;

/** Told of the sockets with which a thing that was sent to a group waits, as they do not take it at once. Stock delivery does not know. */
export type OnQueued = (sockets: readonly object[]) => void;

export function createDelivery(options: DeliveryOptions, onDelivered: OnDelivered, onQueued: OnQueued = () => {}): Delivery {
  return options.delivery === 'stock' ? stockDelivery(onDelivered) : turnDelivery(options, onDelivered, onQueued);
}

function stockDelivery(onDelivered: OnDelivered): Delivery {
  const { output, attach } = later((io) => new StockOutput(io, onDelivered));
  return { io: {}, attach, output };
}

function turnDelivery(options: DeliveryOptions, onDelivered: OnDelivered, onQueued: OnQueued): Delivery {
  const { deliveryWindowMs, compression, compressionThresholdBytes } = options;
  const turn = new Turn({ windowMs: deliveryWindowMs });
  const compressBytes = compression ? compressionThresholdBytes : Number.POSITIVE_INFINITY;
  const { output, attach, made } = later((io) => new RoomEmitter(io, { turn, compressBytes, onDelivered }));
  const onCongestion = (sender: TurnSender) => made().groups.changed(sender);
  const tell = (group: string) => {
    const others = made().groups.get(group)?.others ?? [];
    if (others.length > 0) onQueued(others);
  };
  return { io: { wsEngine: createWsEngine({ turn, onCongestion }) }, attach, output: afterEach(output, tell) };
}

function afterEach(output: RoomOutput, tell: (group: string) => void): RoomOutput {
  return {
    emit: (group, event, payload) => {
      output.emit(group, event, payload);
      tell(group);
    },
    message: (group, entry) => {
      output.message(group, entry);
      tell(group);
    },
  };
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
