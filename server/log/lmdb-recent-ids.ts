/** Where a message stands that was appended under an id. */
export interface IdPlace {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** Ids of a room that were appended one after the other, at one time, the first of them at `first`. */
export type IdGroup = [room: number, first: number, time: number, ids: string[]];

/** A room's part: an object for each id would weigh more than the id. */
interface RoomIds {
  readonly seqs: Map<string, number>;
  readonly first: number;
  /** Of the ids in the order of their seqs, from `first` on. */
  readonly times: number[];
}

/** The newest ids, in memory. */
export class RecentIds {
  readonly #rooms = new Map<number, RoomIds>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  find(room: number, id: string): IdPlace | undefined {
    const known = this.#rooms.get(room);
    const seq = known?.seqs.get(id);
    return known && seq !== undefined ? { seq, time: known.times[seq - known.first]! } : undefined;
  }

  /** Seqs of a room come without holes, ascending. */
  add(room: number, id: string, { seq, time }: IdPlace): void {
    let known = this.#rooms.get(room);
    if (!known) {
      known = { seqs: new Map(), first: seq, times: [] };
      this.#rooms.set(room, known);
    }
    known.seqs.set(id, seq);
    known.times.push(time);
    this.#size++;
  }

  /** Takes the newest ids of a room away again. */
  remove([room, , , ids]: IdGroup): void {
    const known = this.#rooms.get(room);
    if (!known) return;
    for (const id of ids) known.seqs.delete(id);
    known.times.length -= ids.length;
    this.#size -= ids.length;
    if (known.times.length === 0) this.#rooms.delete(room);
  }

  *places(): Generator<[room: number, id: string, seq: number, time: number]> {
    for (const [room, { seqs, first, times }] of this.#rooms) {
      for (const [id, seq] of seqs) yield [room, id, seq, times[seq - first]!];
    }
  }
}
