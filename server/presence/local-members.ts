import type { User } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { Clock } from '../observe/clock.js';

interface Member {
  user: User;
  readonly connections: Set<string>;
  /** Ends the grace time of a user whose last connection is gone. */
  cancelGrace?: () => void;
}

export interface LocalMembersOptions {
  readonly graceMs: number;
  readonly clock: Clock;
  /** A user came, went for good, or has another name. */
  readonly onChange: (room: RoomName, user: User) => void;
}

/** The connections of this instance by room and user: a user is here from its first connection until its last one's grace time is over. */
export class LocalMembers {
  readonly #rooms = new Map<RoomName, Map<string, Member>>();
  readonly #options: LocalMembersOptions;

  constructor(options: LocalMembersOptions) {
    this.#options = options;
  }

  join(room: RoomName, { user, connection }: { user: User; connection: string }): void {
    const members = this.#rooms.get(room) ?? new Map<string, Member>();
    this.#rooms.set(room, members);
    const known = members.get(user.id);
    const member: Member = known ?? { user, connections: new Set() };
    member.cancelGrace?.();
    delete member.cancelGrace;
    member.connections.add(connection);
    const renamed = member.user.name !== user.name;
    member.user = user;
    members.set(user.id, member);
    if (!known || renamed) this.#options.onChange(room, user);
  }

  leave(room: RoomName, { user, connection }: { user: User; connection: string }): void {
    const member = this.#rooms.get(room)?.get(user.id);
    if (!member?.connections.delete(connection) || member.connections.size > 0) return;
    const { graceMs, clock } = this.#options;
    if (graceMs === 0) this.#remove(room, member);
    else member.cancelGrace = clock.after(graceMs, () => this.#remove(room, member));
  }

  get(room: RoomName, userId: string): User | undefined {
    return this.#rooms.get(room)?.get(userId)?.user;
  }

  /** Users of a room here. */
  size(room: RoomName): number {
    return this.#rooms.get(room)?.size ?? 0;
  }

  *all(): Generator<readonly [RoomName, User]> {
    for (const [room, members] of this.#rooms) {
      for (const { user } of members.values()) yield [room, user];
    }
  }

  /** Forgets everyone without a word. */
  clear(): void {
    for (const members of this.#rooms.values()) {
      for (const member of members.values()) member.cancelGrace?.();
    }
    this.#rooms.clear();
  }

  #remove(room: RoomName, member: Member): void {
    const members = this.#rooms.get(room);
    members?.delete(member.user.id);
    if (members?.size === 0) this.#rooms.delete(room);
    this.#options.onChange(room, member.user);
  }
}
