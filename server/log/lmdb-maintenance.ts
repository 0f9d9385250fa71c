import type { RoomName } from '../../shared/rooms.js';
import type { LmdbTables } from './lmdb-tables.js';
import type { LmdbTransaction } from './lmdb-transaction.js';

const ROOMS_AT_A_TIME = 200;
const CHUNKS_AT_A_TIME = 2_000;

/** Goes around all rooms, some at a time: what grew too old leaves those too that nobody writes to. */
export class LmdbMaintenance {
  /** The room at which it is, while it goes around. */
  #cursor: RoomName | undefined;

  constructor(
    private readonly tables: LmdbTables,
    /** Whether somebody follows the room. */
    private readonly isFollowed: (room: RoomName) => boolean,
  ) {}

  goOn(transaction: LmdbTransaction): void {
    const start = this.#cursor;
    const rooms = [...this.tables.heads.getKeys({ start, exclusiveStart: start !== undefined, limit: ROOMS_AT_A_TIME })];
    let budget = CHUNKS_AT_A_TIME;
    for (const room of rooms) {
      if (budget <= 0) return;
      budget -= transaction.prune(room, budget);
      transaction.retire(room, this.isFollowed(room));
      this.#cursor = room;
    }
    if (rooms.length < ROOMS_AT_A_TIME) this.#cursor = undefined;
  }
}
