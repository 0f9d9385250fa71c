import type { User } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { LocalMembers } from './local-members.js';
import { runScript } from './redis-presence-link.js';
import type { PresenceRedis } from './redis-roster.js';

const ROOMS_AT_ONCE = 100;
const USERS_AT_ONCE = 100;

/**
 * Brings what Redis holds for one instance to what the instance holds. Only users marked as changed are written; what they changed to
 * is looked up when they are. One write at a time.
 */
export class RedisMembersWriter {
  /** The rooms in which Redis may hold users of this instance. */
  readonly rooms = new Set<RoomName>();
  readonly #redis: PresenceRedis;
  readonly #instance: string;
  readonly #members: LocalMembers;
  readonly #changed = new Map<RoomName, Map<string, User>>();

  constructor(redis: PresenceRedis, instance: string, members: LocalMembers) {
    this.#redis = redis;
    this.#instance = instance;
    this.#members = members;
    for (const [room, user] of members.all()) this.mark(room, user);
  }

  get pending(): boolean {
    return this.#changed.size > 0;
  }

  mark(room: RoomName, user: User): void {
    const users = this.#changed.get(room) ?? new Map<string, User>();
    this.#changed.set(room, users.set(user.id, user));
  }

  /**
   * Writes the changes of some rooms. What fails stays marked.
   * @throws HubError as the link
   */
  async write(): Promise<void> {
    const batch = [...this.#changed].slice(0, ROOMS_AT_ONCE);
    for (const [room] of batch) this.#changed.delete(room);
    try {
      await this.#register(batch.map(([room]) => room));
      await Promise.all(batch.map(([room, users]) => this.#writeRoom(room, [...users.values()])));
      await this.#unregister(batch.map(([room]) => room));
    } catch (error) {
      for (const [room, users] of batch) for (const user of users.values()) this.mark(room, user);
      throw error;
    }
  }

  /** Before anything is written into a room: whoever sweeps this instance must find it there. */
  async #register(rooms: RoomName[]): Promise<void> {
    const added = rooms.filter((room) => !this.rooms.has(room) && this.#members.size(room) > 0);
    if (added.length === 0) return;
    for (const room of added) this.rooms.add(room);
    const { link, keys } = this.#redis;
    await link.run((client) => client.sendCommand(['SADD', keys.roomsOf(this.#instance), ...added]));
  }

  async #unregister(rooms: RoomName[]): Promise<void> {
    const emptied = rooms.filter((room) => this.rooms.has(room) && this.#members.size(room) === 0 && !this.#changed.has(room));
    if (emptied.length === 0) return;
    const { link, keys } = this.#redis;
    await link.run((client) => client.sendCommand(['SREM', keys.roomsOf(this.#instance), ...emptied]));
    for (const room of emptied) this.rooms.delete(room);
  }

  async #writeRoom(room: RoomName, users: User[]): Promise<void> {
    // Redis holds nothing of this instance there: nobody to take out.
    if (!this.rooms.has(room)) return;
    const { link, keys, scripts } = this.#redis;
    const all = [...keys.roster(room), keys.held(room, this.#instance)];
    for (let at = 0; at < users.length; at += USERS_AT_ONCE) {
      const args = users.slice(at, at + USERS_AT_ONCE).flatMap((user) => {
        const here = this.#members.get(room, user.id);
        return [here ? '+' : '-', user.id, (here ?? user).name];
      });
      await runScript(link, scripts.change, all, [keys.channel(room), ...args]);
    }
  }
}
