import { LRUCache } from 'lru-cache';
import type { RoomName } from '../../shared/rooms.js';

/** The newest entry of a room that was seen here. */
export interface SeenEntry {
  readonly epoch: string;
  readonly seq: number;
  readonly time: number;
  /** The connection on which Redis last agreed. */
  readonly connection: number;
}

const ROOMS_KNOWN = 50_000;
const NOTHING_SEEN: SeenEntry = { epoch: '', seq: 0, time: 0, connection: 0 };

/** What was seen of the rooms, newest rooms first: a Redis that comes back without it has lost entries. */
export class SeenEntries {
  readonly #rooms = new LRUCache<RoomName, SeenEntry>({ max: ROOMS_KNOWN });
  #connection = 0;

  /** On a new connection Redis has agreed to nothing yet. */
  beginConnection(): void {
    this.#connection++;
  }

  /** Epoch '' and seq 0 where nothing was seen. */
  of(room: RoomName): SeenEntry {
    return this.#rooms.get(room) ?? NOTHING_SEEN;
  }

  isAgreed(entry: SeenEntry): boolean {
    return entry.connection === this.#connection;
  }

  /** Redis agreed with all that was seen of the room, and says that this is one of its entries. */
  agree(room: RoomName, epoch: string, seq: number, time: number): void {
    const connection = this.#connection;
    const known = this.#rooms.get(room);
    const isNewest = known?.epoch !== epoch || known.seq <= seq;
    this.#rooms.set(room, isNewest ? { epoch, seq, time, connection } : { ...known, connection });
  }

  /** Redis published the entry. Until it has agreed again, what was seen before is what it must be held to. */
  hear(room: RoomName, epoch: string, seq: number, time: number): void {
    const known = this.#rooms.get(room);
    if (!known || this.isAgreed(known)) this.agree(room, epoch, seq, time);
  }
}
