import { formatOffset, NO_OFFSET, type RoomOffset } from './offset.js';
import { encodeSession, type SessionRoom } from './session-state.js';
import type { SessionStore } from './session-store.js';

type Place = RoomOffset['at'];

export interface ClientSessionOptions {
  readonly store: SessionStore;
  readonly pid: string;
  /** Unlike that of any other connection. */
  readonly owner: string;
  /** Milliseconds that it outlives its connection. */
  readonly windowMs: number;
  /** The same for a connection that is not known to have ended: the process may have. */
  readonly leasedMs: number;
  /** Higher than every generation that the client may have an offset of. */
  readonly firstGeneration: number;
  /** Rooms that the client came back to. */
  readonly rooms?: ReadonlyMap<string, SessionRoom>;
  readonly read: ReadClient;
}

/** What a session keeps of its client beside the rooms of the hub. */
export type ReadClient = () => { readonly data: unknown; readonly isWhole: boolean };

interface Begun {
  readonly room: string;
  readonly generation: number;
  /** Up to where the client has been sent the room. */
  at(): Place;
}

/** Rooms of one offset at most: it goes with every message. */
const ROOMS_TOLD = 16;

const sessions = new WeakMap<object, ClientSession>();

/** The session behind a socket; undefined for clients that have none. */
export const sessionOf = (socket: object): ClientSession | undefined => sessions.get(socket);

/**
 * What one client can come back to, written whenever it changes. A session that could not be written, or that another connection took, is over: nothing
 * of it is claimed later.
 */
export class ClientSession {
  readonly #rooms: Map<string, SessionRoom>;
  /** In rooms that cannot be given back exactly. */
  readonly #others = new Set<string>();
  /** By name, so that clients in the same rooms have the same offset. */
  #begun: Begun[] = [];
  #nextGeneration: number;
  #state: 'open' | 'withdrawn' | 'over' = 'open';
  #ttlMs: number;
  #saved: Promise<void> = Promise.resolve();
  #due = false;
  /** As it was while the connection lasted: a socket that ended is in no rooms. */
  #isWhole = true;
  #isEnded = false;

  constructor(private readonly options: ClientSessionOptions) {
    this.#rooms = new Map(options.rooms);
    this.#nextGeneration = options.firstGeneration;
    this.#ttlMs = options.leasedMs;
  }

  get pid(): string {
    return this.options.pid;
  }

  get owner(): string {
    return this.options.owner;
  }

  /** Whose socket it is, before that is in any room. */
  attach(socket: object): void {
    sessions.set(socket, this);
  }

  /** What is stored of it now. */
  text(): string {
    const rooms = this.#rooms;
    try {
      return encodeSession({ rooms, data: this.#look(), isWhole: this.#isWhole && this.#others.size === 0 });
    } catch {
      // Data that is no JSON.
      return encodeSession({ rooms, data: null, isWhole: false });
    }
  }

  /**
   * Before the subscription is acknowledged: a client that knows of it finds it in its session. `start` is where its events begin; undefined in
   * a room that cannot be given back exactly.
   * @throws HubError as `SessionStore.save`
   */
  async enter(room: string, start: Place | undefined): Promise<void> {
    if (start) this.#rooms.set(room, { generation: this.#generationOf(room), start });
    else this.#others.add(room);
    await this.save();
  }

  /** From now on the room is in the client's offsets. */
  began(room: string, at: () => Place): void {
    const known = this.#rooms.get(room);
    if (!known) return;
    const { generation } = known;
    this.#begun = [...this.#begun.filter((one) => one.room !== room), { room, generation, at }].sort((a, b) => (a.room < b.room ? -1 : 1));
  }

  /** @throws HubError as `SessionStore.save` */
  async leave(room: string): Promise<void> {
    const left = this.#rooms.get(room);
    if (left) this.#nextGeneration = Math.max(this.#nextGeneration, left.generation + 1);
    if (!this.#rooms.delete(room) && !this.#others.delete(room)) return;
    await this.save();
    // Not before it is written: a session with the room goes with an offset that has it.
    this.#begun = this.#begun.filter((one) => one.room !== room || one.generation !== left?.generation);
  }

  /**
   * What the client has had when it gets the message that is about to be sent. With `own`: of that message's room; without, the message goes to the
   * whole room, which stands there already.
   */
  offset(own?: Pick<RoomOffset, 'room' | 'at'>): string {
    if (this.#state !== 'open' || this.#begun.length > ROOMS_TOLD) return NO_OFFSET;
    return formatOffset(this.#begun.map(({ room, generation, at }) => ({ room, generation, at: own?.room === room ? own.at : at() })));
  }

  /** Something of the client changed; written soon. */
  changed(): void {
    this.#look();
    if (this.#due) return;
    this.#due = true;
    setImmediate(() => {
      this.#due = false;
      this.save().catch(() => undefined);
    });
  }

  /** One at a time, each with what there is then. @throws HubError as `SessionStore.save` */
  save(): Promise<void> {
    const saved = this.#saved.then(() => this.#write());
    this.#saved = saved.catch(() => undefined);
    return saved;
  }

  /** So that it is not over while its connection lasts. */
  renew(): void {
    if (this.#state === 'withdrawn') void this.#remove();
    else this.save().catch(() => undefined);
  }

  /** It is not what the client has any more. */
  spoil(): void {
    if (this.#state !== 'open') return;
    this.#state = 'withdrawn';
    void this.#remove();
  }

  /** The connection has ended. With `isKept` the client may come back to it. */
  async end(isKept: boolean): Promise<void> {
    this.#isEnded = true;
    this.#ttlMs = this.options.windowMs;
    if (!isKept) this.spoil();
    await this.save().catch(() => undefined);
  }

  /** Gives the client's data. */
  #look(): unknown {
    const { data, isWhole } = this.options.read();
    if (!this.#isEnded) this.#isWhole = isWhole;
    return data;
  }

  #generationOf(room: string): number {
    return Math.max(this.#nextGeneration, (this.#rooms.get(room)?.generation ?? 0) + 1);
  }

  async #write(): Promise<void> {
    if (this.#state !== 'open') return;
    const { store, pid, owner } = this.options;
    try {
      if (!(await store.save(pid, owner, this.text(), this.#ttlMs))) this.#state = 'over';
    } catch (error) {
      this.spoil();
      throw error;
    }
  }

  /** Until it is known to be done. */
  async #remove(): Promise<void> {
    const { store, pid, owner } = this.options;
    await store.remove(pid, owner).then(
      () => {
        this.#state = 'over';
      },
      () => undefined,
    );
  }
}
