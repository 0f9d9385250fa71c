import type { Server, Socket } from 'socket.io';
import type { LogEntry } from '../log/room-log.js';
import { type ClientSession, sessionOf } from '../recovery/client-session.js';
import { deflateMessage } from './deflate.js';
import { MessageFrame } from './frame.js';
import { type RoomGroup, RoomGroups } from './room-groups.js';
import type { OnDelivered, RoomOutput } from './room-output.js';
import type { Turn } from './turn.js';

/** engine.io's name for a message, in front of Socket.IO's packet. */
const MESSAGE = '4';
/** `PacketType.EVENT` of socket.io-parser. */
const EVENT = 2;
/** How the packet of a message begins, in front of its JSON. */
const MESSAGE_EVENT = `${EVENT}["message",`;
const MESSAGE_FRAME = MESSAGE + MESSAGE_EVENT;

/** Socket.IO's way to a client's connection; `delivery.test.ts` holds it to the version. */
interface EngineWriter {
  writeToEngine(packets: readonly unknown[], options: { preEncoded: true; compress: true }): void;
}

type Packet = string | Buffer;

/** The server's parser, of which it keeps one. */
interface PacketEncoder {
  encode(packet: { type: number; nsp: string; data: unknown[] }): Packet[];
}

interface Upgradable {
  readonly transport: { readonly name: string };
  once(event: 'upgrade', listener: () => void): unknown;
}

export interface RoomEmitterOptions {
  turn: Turn;
  /** Bytes from which a message is compressed for those who take it. */
  compressBytes: number;
  onDelivered: OnDelivered;
  /** These sockets may not take what was sent to them at once. */
  onFed(sockets: readonly Socket[]): void;
}

/** One event, encoded: for engine.io as packets, for the turn as frames, which are made once and only when somebody gets them. */
interface Parcel {
  readonly packets: readonly Packet[];
  frames(): readonly MessageFrame[];
}

/** Sends to Socket.IO rooms on this node: encoded once, framed once, and written with all else of the turn. */
export class RoomEmitter implements RoomOutput {
  readonly groups: RoomGroups;
  readonly #encoder: PacketEncoder;
  readonly #nsp: string;
  /** The packet of a message is JSON text: with a parser of somebody's own it need not be. */
  readonly #isText: boolean;

  constructor(
    io: Server,
    private readonly options: RoomEmitterOptions,
  ) {
    const nsp = io.of('/');
    this.#encoder = (io as unknown as { encoder: PacketEncoder }).encoder;
    this.#nsp = nsp.name;
    this.groups = new RoomGroups(nsp);
    this.#isText = this.#encode('message', 0)[0] === `${MESSAGE_EVENT}0]`;
    io.engine.on('connection', (connection: Upgradable) => {
      if (connection.transport.name === 'polling') connection.once('upgrade', () => this.groups.upgraded());
    });
  }

  emit(room: string, event: string, payload: unknown): void {
    const group = this.groups.get(room);
    if (!group) return;
    const parcel = this.#pack(this.#encode(event, payload));
    this.#send(group, parcel, () => parcel);
  }

  message(room: string, entry: LogEntry): void {
    const group = this.groups.get(room);
    if (!group) return;
    const json = this.#isText ? entry.json : undefined;
    if (json !== undefined && isUniform(group)) {
      this.options.onDelivered(group.members.length);
      this.options.turn.toGroup(group, this.#frame(`${MESSAGE_FRAME}${json}]`));
      return;
    }
    let made: Map<string, Parcel> | undefined;
    this.#send(group, this.#pack(this.#packetsOf(entry, json)), (session) => {
      made ??= new Map();
      const offset = session.offset();
      const parcel = made.get(offset) ?? this.#pack(this.#packetsOf(entry, json, offset));
      made.set(offset, parcel);
      return parcel;
    });
  }

  #packetsOf(entry: LogEntry, json: string | undefined, offset?: string): Packet[] {
    if (json === undefined) return this.#encode('message', entry.message, ...(offset === undefined ? [] : [offset]));
    return [offset === undefined ? `${MESSAGE_EVENT}${json}]` : `${MESSAGE_EVENT}${json},${JSON.stringify(offset)}]`];
  }

  #encode(event: string, ...args: unknown[]): Packet[] {
    return this.#encoder.encode({ type: EVENT, nsp: this.#nsp, data: [event, ...args] });
  }

  /** `parcelFor` gives what a client with a session gets; those with the same offset share it. */
  #send(group: RoomGroup, plain: Parcel, parcelFor: (session: ClientSession) => Parcel): void {
    const { members, recovering, others } = group;
    const { turn, onDelivered, onFed } = this.options;
    onDelivered(members.length + recovering.size + others.length);
    if (members.length > 0) for (const frame of plain.frames()) turn.toGroup(group, frame);
    for (const [member, session] of recovering) for (const frame of parcelFor(session).frames()) turn.toOne(member, frame);
    for (const socket of others) {
      const session = sessionOf(socket);
      writerOf(socket).writeToEngine((session ? parcelFor(session) : plain).packets, { preEncoded: true, compress: true });
    }
    if (others.length > 0) onFed(others);
  }

  #pack(packets: readonly Packet[]): Parcel {
    let frames: MessageFrame[] | undefined;
    return {
      packets,
      frames: () => {
        frames ??= packets.map((packet) => this.#frame(typeof packet === 'string' ? MESSAGE + packet : packet));
        return frames;
      },
    };
  }

  #frame(payload: Packet): MessageFrame {
    const frame = new MessageFrame(payload);
    if (frame.bytes >= this.options.compressBytes) frame.compress(deflateMessage);
    return frame;
  }
}

/** All who are in it get the same bytes at the turn's end: the usual case. */
const isUniform = ({ recovering, others }: RoomGroup) => recovering.size === 0 && others.length === 0;

const writerOf = (socket: Socket) => (socket as unknown as { client: EngineWriter }).client;
