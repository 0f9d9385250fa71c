import type { Namespace, Socket } from 'socket.io';
import { type ClientSession, sessionOf } from '../recovery/client-session.js';
import type { Frame } from './frame.js';
import type { TurnGroup } from './turn.js';
import type { TurnSender } from './turn-sender.js';
import { senderOf } from './turn-socket.js';

/** A Socket.IO room's sockets on this node, by how they are written to. */
export interface RoomGroup extends TurnGroup {
  /** At the turn's end, all the same. */
  readonly members: readonly TurnSender[];
  /** At the turn's end, each with an offset of its own. */
  readonly recovering: ReadonlyMap<TurnSender, ClientSession>;
  /** At once, by engine.io: those on long-polling, and those that do not read. */
  readonly others: readonly Socket[];
}

/**
 * The groups that messages go to, put together when the first one comes and kept until somebody joins or leaves. Then another takes its
 * place; what the turn has for the old one still goes to those who were in it.
 */
export class RoomGroups {
  readonly #groups = new Map<string, RoomGroup>();
  readonly #socketIds = new WeakMap<TurnSender, string>();

  constructor(private readonly nsp: Namespace) {
    const { adapter } = nsp;
    for (const event of ['join-room', 'leave-room', 'delete-room']) adapter.on(event, (room: string) => this.#groups.delete(room));
  }

  get(room: string): RoomGroup | undefined {
    return this.#groups.get(room) ?? this.#open(room);
  }

  /** Of a sender that was a group's member. */
  socketOf(sender: TurnSender): Socket | undefined {
    return this.nsp.sockets.get(this.#socketIds.get(sender) ?? '');
  }

  /** A socket is written to in another way than before. */
  changed(sender: TurnSender): void {
    const rooms = this.nsp.adapter.sids.get(this.#socketIds.get(sender) ?? '');
    for (const room of rooms ?? []) this.#groups.delete(room);
  }

  /** Some socket has left long-polling. */
  upgraded(): void {
    for (const [room, { others }] of this.#groups) if (others.length > 0) this.#groups.delete(room);
  }

  #open(room: string): RoomGroup | undefined {
    const ids = this.nsp.adapter.rooms.get(room);
    if (!ids) return undefined;
    const members: TurnSender[] = [];
    const others: Socket[] = [];
    const recovering = new Map<TurnSender, ClientSession>();
    for (const id of ids) {
      const socket = this.nsp.sockets.get(id);
      if (!socket) continue;
      const sender = senderOf((socket.conn.transport as { socket?: unknown }).socket);
      if (!sender || sender.congested) {
        others.push(socket);
        continue;
      }
      this.#socketIds.set(sender, id);
      const session = sessionOf(socket);
      if (session) recovering.set(sender, session);
      else members.push(sender);
    }
    const frames: Frame[] = [];
    const places: number[] = [];
    const group = { members, recovering, others, frames, places };
    this.#groups.set(room, group);
    return group;
  }
}
