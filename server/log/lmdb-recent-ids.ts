import { type IdPlace, TimedIds } from './timed-ids.js';

/** Ids of a room that were appended one after the other, at one time, the first of them at `first`. */
export type IdGroup = [room: number, first: number, time: number, ids: string[]];

/** The newest ids, in memory. */
export class RecentIds {
  readonly #rooms = new Map<number, TimedIds>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  find(room: number, id: string): IdPlace | undefined {
    return this.#rooms.get(room)?.find(id);
  }

  /** Seqs of a room come without holes, ascending. */
  add(room: number, id: string, { seq, time }: IdPlace): void {
    let known = this.#rooms.get(room);
    if (!known) {
      known = new TimedIds();
      this.#rooms.set(room, known);
    }
    known.add(id, seq, time);
    this.#size++;
  }

  /** Takes the newest ids of a room away again. */
  remove([room, , , ids]: IdGroup): void {
    const known = this.#rooms.get(room);
    if (!known) return;
    known.removeNewest(ids);
    this.#size -= ids.length;
    if (known.size === 0) this.#rooms.delete(room);
  }

  /** Visited rather than given one by one: there are very many. */
  forEach(visit: (room: number, id: string, seq: number, time: number) => void): void {
    this.#rooms.forEach((ids, room) => {
      ids.forEach((id, seq, time) => {
        visit(room, id, seq, time);
      });
    });
  }
}
