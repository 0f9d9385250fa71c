import type { Namespace, Socket } from 'socket.io';
import type { Frame } from './frame.js';
import type { Turn, TurnGroup } from './turn.js';
import type { TurnSender } from './turn-sender.js';
import { senderOf } from './turn-socket.js';

/** A Socket.IO room's sockets on this node, by how they are written to. */
export interface RoomGroup extends TurnGroup {
  /** At the turn's end. */
  readonly members: readonly TurnSender[];
  /** At once, by engine.io: those on long-polling, and those that do not read. */
  readonly others: readonly Socket[];
}

/** The groups that messages go to, put together when the first one comes and kept until somebody joins or leaves. */
export class RoomGroups {
  readonly #groups = new Map<string, RoomGroup>();
  readonly #socketIds = new WeakMap<TurnSender, string>();

  constructor(
    private readonly nsp: Namespace,
    private readonly turn: Turn,
  ) {
    const { adapter } = nsp;
    for (const event of ['join-room', 'leave-room', 'delete-room']) adapter.on(event, (room: string) => this.#end(room));
  }

  get(room: string): RoomGroup | undefined {
    return this.#groups.get(room) ?? this.#open(room);
  }

  /** A socket is written to in another way than before. */
  changed(sender: TurnSender): void {
    const rooms = this.nsp.adapter.sids.get(this.#socketIds.get(sender) ?? '');
    for (const room of rooms ?? []) this.#end(room);
  }

  /** Some socket has left long-polling. */
  upgraded(): void {
    for (const [room, { others }] of this.#groups) if (others.length > 0) this.#end(room);
  }

  #open(room: string): RoomGroup | undefined {
    const ids = this.nsp.adapter.rooms.get(room);
    if (!ids) return undefined;
    const members: TurnSender[] = [];
    const others: Socket[] = [];
    for (const id of ids) {
      const socket = this.nsp.sockets.get(id);
      if (!socket) continue;
      const sender = senderOf((socket.conn.transport as { socket?: unknown }).socket);
      if (sender && !sender.congested) {
        members.push(sender);
        this.#socketIds.set(sender, id);
      } else others.push(socket);
    }
    const frames: Frame[] = [];
    const places: number[] = [];
    const group = { members, others, frames, places };
    this.#groups.set(room, group);
    return group;
  }

  /** Whoever was in it when a message was sent gets it, and nobody else. */
  #end(room: string): void {
    const group = this.#groups.get(room);
    if (!group) return;
    if (group.frames.length > 0) this.turn.flush();
    this.#groups.delete(room);
  }
}
