import type { RoomName } from '../../shared/rooms.js';
import type { RoomLog } from '../log/room-log.js';
import { once } from '../once.js';
import { LogReads } from './log-reads.js';
import { RoomFeed, repairRange } from './room-feed.js';

export interface FeedLease {
  readonly feed: RoomFeed;
  release(): void;
}

interface Held {
  readonly opening: Promise<RoomFeed>;
  feed?: RoomFeed;
  users: number;
  unfollow?: () => void;
  closing?: NodeJS.Timeout;
}

/** Feeds that stay open without a user: past it they end at once, so that whoever runs through many rooms does not fill the memory with them. */
export const LINGERING_FEEDS = 1_000;

export interface FeedRegistryOptions {
  log: RoomLog;
  /** A feed that nobody uses stays open this long: the next user finds it standing. */
  lingerMs: number;
  /** Feeds are compared with the log this often, so that a loss in a quiet room is found too; 0: never. */
  verifyMs: number;
  recentEntries: number;
  onRepair(room: RoomName, entries: number): void;
  onFault(error: unknown): void;
}

/** The feeds of this node: one per room in use, shared by all of the room's readers here. */
export class FeedRegistry {
  readonly reads: LogReads;
  readonly #held = new Map<RoomName, Held>();
  readonly #lingering = new Set<Held>();
  readonly #verifying: NodeJS.Timeout | undefined;

  constructor(private readonly options: FeedRegistryOptions) {
    this.reads = new LogReads(options.log);
    if (options.verifyMs > 0) this.#verifying = setInterval(() => this.#verify(), options.verifyMs).unref();
  }

  get size(): number {
    return this.#held.size;
  }

  /** @throws HubError `unavailable` when the log cannot be followed now */
  async acquire(room: RoomName): Promise<FeedLease> {
    const held = this.#held.get(room) ?? this.#open(room);
    held.users++;
    clearTimeout(held.closing);
    this.#lingering.delete(held);
    try {
      const feed = await held.opening;
      return { feed, release: once(() => this.#release(room, held)) };
    } catch (error) {
      held.users--;
      throw error;
    }
  }

  close(): void {
    clearInterval(this.#verifying);
    for (const [room, held] of [...this.#held]) this.#close(room, held);
  }

  #open(room: RoomName): Held {
    const { log, recentEntries, onRepair, onFault } = this.options;
    const feed = new RoomFeed({
      room,
      recentEntries,
      read: (after) => this.reads.read(room, repairRange(after)),
      onRepair: (entries) => onRepair(room, entries),
      onFault,
    });
    const held: Held = { users: 0, opening: follow() };
    async function follow(): Promise<RoomFeed> {
      const unfollow = await log.follow(room, feed);
      held.unfollow = unfollow;
      feed.stand(await log.ends(room));
      held.feed = feed;
      return feed;
    }
    this.#held.set(room, held);
    held.opening.catch(() => this.#close(room, held));
    return held;
  }

  #release(room: RoomName, held: Held): void {
    held.users--;
    if (held.users > 0) return;
    if (this.#lingering.size >= LINGERING_FEEDS) {
      this.#close(room, held);
      return;
    }
    this.#lingering.add(held);
    held.closing = setTimeout(() => this.#close(room, held), this.options.lingerMs).unref();
  }

  #close(room: RoomName, held: Held): void {
    if (this.#held.get(room) === held) this.#held.delete(room);
    clearTimeout(held.closing);
    this.#lingering.delete(held);
    held.unfollow?.();
  }

  #verify(): void {
    for (const [room, held] of this.#held) {
      const { feed } = held;
      if (!feed || held.users === 0) continue;
      this.options.log.ends(room).then(
        (ends) => {
          if (ends.epoch !== feed.epoch || ends.last > feed.last) feed.doubt();
        },
        () => undefined,
      );
    }
  }
}
