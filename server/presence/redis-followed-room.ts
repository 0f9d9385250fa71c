import type { User } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { Clock } from '../observe/clock.js';
import { ChangeGatherer } from './change-gatherer.js';
import type { PresenceChange } from './presence-store.js';
import { type PresenceRedis, readRoster } from './redis-roster.js';

/** Rooms up to this size are known by name, so that repeated and missed changes can be told apart; of larger ones only the count is. */
const KNOWN_USERS = 1_000;
/** After a fault every instance writes its members again; looking at once would show a room half empty. */
const LOOK_AGAIN_MS = 3_000;

export interface FollowedRoomOptions extends PresenceRedis {
  readonly room: RoomName;
  readonly coalesceMs: number;
  readonly clock: Clock;
  readonly emit: (change: PresenceChange) => void;
}

/** A room as one follower sees it: what it knows, moved by the room's channel, held against the roster after a doubt. */
export class RedisFollowedRoom {
  readonly #options: FollowedRoomOptions;
  readonly #gatherer: ChangeGatherer;
  #known: Map<string, User> | undefined = new Map();
  /** Changes that come while the roster is being read: the reading may have been before or after them. */
  #held: PresenceChange[] | undefined;
  #unsubscribe: () => void = () => {};
  #cancelLook: () => void = () => {};
  #closed = false;

  constructor(options: FollowedRoomOptions) {
    this.#options = options;
    this.#gatherer = new ChangeGatherer(options);
  }

  /** @throws HubError `unavailable` when Redis does not answer */
  async open(): Promise<void> {
    const { link, keys, room } = this.#options;
    this.#unsubscribe = await link.subscribe(keys.channel(room), {
      message: (payload) => this.#hear(payload),
      doubt: () => this.#lookLater(),
    });
    try {
      // Whoever comes from here on is told; whoever is here already is in every list that is read later.
      await this.#look('first');
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    this.#unsubscribe();
    this.#cancelLook();
    this.#gatherer.close();
  }

  #hear(payload: Buffer): void {
    const change = parseChange(payload);
    if (!change) return;
    if (this.#held) this.#held.push(change);
    else this.#apply(change);
  }

  /** Passes on what is news. */
  #apply({ joined, left, count }: PresenceChange): void {
    const known = this.#known;
    const news = {
      left: known ? left.filter(({ id }) => known.has(id)) : left,
      joined: known ? joined.filter(({ id }) => !known.has(id)) : joined,
    };
    for (const { id } of left) known?.delete(id);
    for (const user of joined) known?.set(user.id, user);
    if (known && known.size > KNOWN_USERS) this.#known = undefined;
    if (news.left.length + news.joined.length > 0) this.#gatherer.add({ ...news, count });
  }

  #lookLater(): void {
    this.#cancelLook();
    this.#cancelLook = this.#options.clock.after(LOOK_AGAIN_MS, () => void this.#look('again').catch(() => this.#lookLater()));
  }

  async #look(when: 'first' | 'again'): Promise<void> {
    this.#held = [];
    try {
      const { users, count, cursor } = await readRoster(this.#options, this.#options.room, KNOWN_USERS);
      if (this.#closed) return;
      const now = cursor === undefined ? new Map(users.map((user) => [user.id, user])) : undefined;
      if (when === 'again') this.#gatherer.add({ ...difference(this.#known, now), count });
      this.#known = now;
    } finally {
      const held = this.#held;
      this.#held = undefined;
      if (!this.#closed) for (const change of held) this.#apply(change);
    }
  }
}

function difference(before: Map<string, User> | undefined, now: Map<string, User> | undefined): Pick<PresenceChange, 'joined' | 'left'> {
  if (!before || !now) return { joined: [], left: [] };
  return {
    joined: [...now.values()].filter(({ id }) => !before.has(id)),
    left: [...before.values()].filter(({ id }) => !now.has(id)),
  };
}

function parseChange(payload: Buffer): PresenceChange | undefined {
  try {
    const { joined = [], left = [], count } = JSON.parse(payload.toString()) as Partial<PresenceChange>;
    return count === undefined ? undefined : { joined, left, count };
  } catch {
    return undefined;
  }
}
