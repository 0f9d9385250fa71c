import type { Namespace, Server, Socket } from 'socket.io';
import { deflateMessage } from './deflate.js';
import { MessageFrame } from './frame.js';
import type { EmitOnThisNode } from './room-channel.js';
import { RoomGroups } from './room-groups.js';
import type { Turn } from './turn.js';

/** engine.io's name for a message, in front of Socket.IO's packet. */
const MESSAGE = '4';
/** `PacketType.EVENT` of socket.io-parser. */
const EVENT = 2;

/** Socket.IO's way to a client's connection; `room-emitter.test.ts` holds it to the version. */
interface EngineWriter {
  writeToEngine(packets: readonly unknown[], options: { preEncoded: true; compress: true }): void;
}

/** The server's parser, of which it keeps one. */
interface PacketEncoder {
  encode(packet: { type: number; nsp: string; data: unknown[] }): (string | Buffer)[];
}

export interface RoomEmitterOptions {
  turn: Turn;
  /** Bytes from which a message is compressed for those who take it; left out: never. */
  compressBytes?: number;
}

/** Sends events to Socket.IO rooms on this node: encoded once, framed once, and written with all else of the turn. */
export class RoomEmitter {
  readonly groups: RoomGroups;
  readonly #encoder: PacketEncoder;
  readonly #nsp: Namespace;

  constructor(
    io: Server,
    private readonly options: RoomEmitterOptions,
  ) {
    this.#nsp = io.of('/');
    this.#encoder = (io as unknown as { encoder: PacketEncoder }).encoder;
    this.groups = new RoomGroups(this.#nsp, options.turn);
  }

  readonly emit: EmitOnThisNode = (room, event, payload) => {
    const group = this.groups.get(room);
    if (!group) return;
    const packets = this.#encoder.encode({ type: EVENT, nsp: this.#nsp.name, data: [event, payload] });
    if (group.members.length > 0) for (const packet of packets) this.options.turn.toGroup(group, this.#frame(packet));
    for (const socket of group.others) writerOf(socket).writeToEngine(packets, { preEncoded: true, compress: true });
  };

  #frame(packet: string | Buffer): MessageFrame {
    const frame = new MessageFrame(typeof packet === 'string' ? MESSAGE + packet : packet);
    if (frame.bytes >= (this.options.compressBytes ?? Number.POSITIVE_INFINITY)) frame.compress(deflateMessage);
    return frame;
  }
}

const writerOf = (socket: Socket) => (socket as unknown as { client: EngineWriter }).client;
