import type { Server, Socket } from 'socket.io';
import type { LogEntry } from '../log/room-log.js';
import { type ClientSession, sessionOf } from '../recovery/client-session.js';
import { deflateMessage } from './deflate.js';
import type { OnDelivered } from './delivery.js';
import { MessageFrame } from './frame.js';
import { type RoomGroup, RoomGroups } from './room-groups.js';
import type { RoomOutput } from './room-output.js';
import type { Turn } from './turn.js';

/** engine.io's name for a message, in front of Socket.IO's packet. */
const MESSAGE = '4';
/** `PacketType.EVENT` of socket.io-parser. */
const EVENT = 2;
/** How the packet of a message begins, in front of its JSON. */
const MESSAGE_EVENT = `${EVENT}["message",`;

/** Socket.IO's way to a client's connection; `room-emitter.test.ts` holds it to the version. */
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
    if (group) this.#send(group, this.#encode(event, payload));
  }

  message(room: string, entry: LogEntry): void {
    const group = this.groups.get(room);
    if (!group) return;
    if (group.sessions) this.#sendWithOffsets(group, group.sessions, entry);
    else this.#send(group, this.#packetsOf(entry));
  }

  #packetsOf(entry: LogEntry, offset?: string): Packet[] {
    const json = this.#isText ? entry.json : undefined;
    if (json === undefined) return this.#encode('message', entry.message, ...(offset === undefined ? [] : [offset]));
    return [offset === undefined ? `${MESSAGE_EVENT}${json}]` : `${MESSAGE_EVENT}${json},${JSON.stringify(offset)}]`];
  }

  #encode(event: string, ...args: unknown[]): Packet[] {
    return this.#encoder.encode({ type: EVENT, nsp: this.#nsp, data: [event, ...args] });
  }

  /** Members that have the same offset, or none, share their frames. */
  #sendWithOffsets({ members, others }: RoomGroup, sessions: ReadonlyMap<object, ClientSession>, entry: LogEntry): void {
    this.options.onDelivered(members.length + others.length);
    const made = new Map<string | undefined, { packets: Packet[]; frames?: MessageFrame[] }>();
    const packetsFor = (offset: string | undefined) => {
      const there = made.get(offset) ?? { packets: this.#packetsOf(entry, offset) };
      made.set(offset, there);
      return there;
    };
    for (const member of members) {
      const sent = packetsFor(sessions.get(member)?.offset());
      sent.frames ??= sent.packets.map((packet) => this.#frame(packet));
      for (const frame of sent.frames) this.options.turn.toOne(member, frame);
    }
    for (const socket of others) this.#sendByEngine(socket, packetsFor(sessionOf(socket)?.offset()).packets);
  }

  #send(group: RoomGroup, packets: readonly Packet[]): void {
    const { members, others } = group;
    this.options.onDelivered(members.length + others.length);
    if (members.length > 0) for (const packet of packets) this.options.turn.toGroup(group, this.#frame(packet));
    for (const socket of others) this.#sendByEngine(socket, packets);
  }

  #sendByEngine(socket: Socket, packets: readonly Packet[]): void {
    writerOf(socket).writeToEngine(packets, { preEncoded: true, compress: true });
  }

  #frame(packet: Packet): MessageFrame {
    const frame = new MessageFrame(typeof packet === 'string' ? MESSAGE + packet : packet);
    if (frame.bytes >= this.options.compressBytes) frame.compress(deflateMessage);
    return frame;
  }
}

const writerOf = (socket: Socket) => (socket as unknown as { client: EngineWriter }).client;
