import type { User } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { Clock } from '../observe/clock.js';
import type { LocalMembers } from './local-members.js';
import { RedisMembersWriter } from './redis-members-writer.js';
import { runScript } from './redis-presence-link.js';
import type { PresenceRedis } from './redis-roster.js';
import { sweepInstance } from './redis-sweep.js';

export interface RedisInstanceOptions extends PresenceRedis {
  readonly members: LocalMembers;
  /** Gives a name that was never used. */
  readonly newName: () => string;
  /** After this long without a sign from an instance, its members are gone. */
  readonly leaseMs: number;
  readonly clock: Clock;
}

/** One holding of users in Redis under one lease. */
interface Holding {
  readonly name: string;
  readonly writer: RedisMembersWriter;
  /** By this process's clock: when the lease ends if nothing renews it. */
  endsAt: number;
}

/** A former name, and every room in which Redis may hold users under it. */
interface Retired {
  readonly name: string;
  readonly rooms: ReadonlySet<RoomName>;
}

/** Former names kept in mind while Redis comes and goes; the leases of older ones end by themselves. */
const RETIRED_MAX = 16;
/** Redis refused while the link stands: the next try comes after this. */
const RETRY_MS = 1_000;

/**
 * This process among the instances: it renews its lease, writes its members and sweeps instances that are dead. After each return of Redis and each lapse of its lease it
 * takes a new name and writes all its members under it, so that what Redis lost or somebody swept meanwhile does not matter; the
 * old name is left to be swept.
 */
export class RedisInstance {
  readonly #options: RedisInstanceOptions;
  readonly #ttlMs: number;
  readonly #sweeping = new Set<string>();
  readonly #offUp: () => void;
  #holding: Holding | undefined;
  #retired: readonly Retired[] = [];
  #working = false;
  #closed = false;
  #cancelRetry: () => void = () => {};
  #cancelTick: () => void = () => {};

  constructor(options: RedisInstanceOptions) {
    this.#options = options;
    // Lease, renewal and sweeping together stay within leaseMs: 4/6 until a lease ends, 1/6 until the next instance looks, the rest to sweep.
    this.#ttlMs = (options.leaseMs * 4) / 6;
    this.#offUp = options.link.onUp(() => this.#renew());
    this.#planTick();
    this.#wake();
  }

  changed(room: RoomName, user: User): void {
    this.#holding?.writer.mark(room, user);
    this.#wake();
  }

  /** Ends; the users that Redis holds for this instance stay for `lingerMs`, for whoever takes them over. */
  async close(lingerMs: number): Promise<void> {
    this.#closed = true;
    this.#offUp();
    this.#cancelTick();
    this.#cancelRetry();
    const { link } = this.#options;
    if (this.#holding && link.ready()) await this.#lease(this.#holding.name, lingerMs, 'take').catch(() => {});
  }

  /** What is held so far cannot be relied upon: all is written anew. */
  #renew(): void {
    const { name, writer } = this.#holding ?? {};
    // A name under which nothing was written needs no care: its lease ends.
    if (name && writer && writer.rooms.size > 0) this.#retired = [...this.#retired, { name, rooms: writer.rooms }].slice(-RETIRED_MAX);
    this.#holding = undefined;
    this.#wake();
  }

  #wake(): void {
    if (this.#working || this.#closed || !this.#options.link.ready()) return;
    this.#working = true;
    // At the end of this turn: what changes in one turn is written together.
    setImmediate(() => void this.#work());
  }

  async #work(): Promise<void> {
    const { link, clock } = this.#options;
    try {
      while (!this.#closed && link.ready() && (await this.#next()));
      this.#working = false;
      // What was marked while the last step ended.
      if (this.#holding?.writer.pending) this.#wake();
    } catch {
      this.#working = false;
      this.#cancelRetry();
      this.#cancelRetry = clock.after(RETRY_MS, () => this.#wake());
    }
  }

  /** Does what is most urgent; false when nothing is left. */
  async #next(): Promise<boolean> {
    if (this.#holding && this.#holding.endsAt <= this.#options.clock.now()) this.#renew();
    if (!this.#holding) await this.#take();
    else if (this.#holding.writer.pending) await this.#holding.writer.write();
    else if (this.#retired[0]) await this.#retire(this.#retired[0]);
    else return false;
    return true;
  }

  async #take(): Promise<void> {
    const { members, newName, clock } = this.#options;
    const name = newName();
    const endsAt = clock.now() + this.#ttlMs;
    await this.#lease(name, this.#ttlMs, 'take');
    this.#holding = { name, endsAt, writer: new RedisMembersWriter(this.#options, name, members) };
  }

  /** Leaves an old name to be swept, with every room that was ever written under it. */
  async #retire({ name, rooms }: Retired): Promise<void> {
    const { link, keys } = this.#options;
    const all = [...rooms];
    for (let at = 0; at < all.length; at += 500) {
      await link.run((client) => client.sendCommand(['SADD', keys.roomsOf(name), ...all.slice(at, at + 500)]));
    }
    await link.run((client) => client.sendCommand(['ZADD', keys.instances, '0', name]));
    this.#retired = this.#retired.filter((retired) => retired.name !== name);
  }

  #planTick(): void {
    this.#cancelTick = this.#options.clock.after(this.#options.leaseMs / 6, () => {
      this.#planTick();
      if (this.#options.link.ready()) void this.#tick().catch(() => {});
    });
  }

  async #tick(): Promise<void> {
    const holding = this.#holding;
    if (!holding) return this.#wake();
    const endsAt = this.#options.clock.now() + this.#ttlMs;
    const { holds, dead } = await this.#lease(holding.name, this.#ttlMs, 'renew');
    if (this.#closed) return;
    if (holds) holding.endsAt = endsAt;
    else if (this.#holding === holding) this.#renew();
    await Promise.all(dead.filter((name) => name !== holding.name).map((name) => this.#sweep(name)));
  }

  async #sweep(name: string): Promise<void> {
    if (this.#sweeping.has(name)) return;
    this.#sweeping.add(name);
    try {
      await sweepInstance(this.#options, name);
    } finally {
      this.#sweeping.delete(name);
    }
  }

  async #lease(name: string, ms: number, mode: 'take' | 'renew'): Promise<{ holds: boolean; dead: string[] }> {
    const { link, scripts, keys } = this.#options;
    const [holds, ...dead] = (await runScript(link, scripts.lease, [keys.instances], [name, String(Math.round(ms)), mode])) as [
      0 | 1,
      ...string[],
    ];
    return { holds: holds === 1, dead };
  }
}
