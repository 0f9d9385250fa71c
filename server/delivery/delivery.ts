import type { Server, ServerOptions } from 'socket.io';
import type { EmitOnThisNode } from './room-channel.js';
import { RoomEmitter } from './room-emitter.js';
import { Turn } from './turn.js';
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
  /** Before the first `emit`. */
  attach(io: Server): void;
  readonly emit: EmitOnThisNode;
}

export function createDelivery(options: DeliveryOptions): Delivery {
  return options.delivery === 'stock' ? stockDelivery() : turnDelivery(options);
}

function stockDelivery(): Delivery {
  let io: Server;
  return {
    io: {},
    attach: (server) => {
      io = server;
    },
    emit: (group, event, payload) => void io.local.to(group).emit(event, payload),
  };
}

function turnDelivery({ deliveryWindowMs, compression, compressionThresholdBytes }: DeliveryOptions): Delivery {
  const turn = new Turn({ windowMs: deliveryWindowMs });
  let emitter: RoomEmitter;
  const onCongestion = (sender: Parameters<RoomEmitter['groups']['changed']>[0]) => emitter.groups.changed(sender);
  return {
    io: { wsEngine: createWsEngine({ turn, onCongestion }) },
    attach: (server) => {
      emitter = new RoomEmitter(server, { turn, ...(compression && { compressBytes: compressionThresholdBytes }) });
      server.engine.on('connection', (connection: { once(event: 'upgrade', listener: () => void): void; transport: { name: string } }) => {
        if (connection.transport.name === 'polling') connection.once('upgrade', () => emitter.groups.upgraded());
      });
    },
    emit: (group, event, payload) => emitter.emit(group, event, payload),
  };
}
