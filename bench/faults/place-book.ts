import type { Place } from './history.js';

/** Which value stands at each place of each room, as everybody saw it. */
export class PlaceBook {
  /** A sentence for each place that has two values. */
  readonly diverged: string[] = [];
  /** A sentence for each value that has a second place in one stream. */
  readonly storedTwice: string[] = [];
  readonly #streams = new Map<string, { values: (number | undefined)[]; places: Map<number, number>; accused: Set<number> }>();

  at(room: string, { stream, seq }: Place): number | undefined {
    return this.#streams.get(`${room} ${stream}`)?.values[seq];
  }

  put(room: string, { stream, seq }: Place, value: number): void {
    const key = `${room} ${stream}`;
    let known = this.#streams.get(key);
    if (!known) {
      known = { values: [], places: new Map(), accused: new Set() };
      this.#streams.set(key, known);
    }
    const { values, places, accused } = known;
    const there = values[seq];
    const place = places.get(value);
    if (there === value || accused.has(seq)) return;
    if (there !== undefined) this.diverged.push(`${key}:${seq} is ${there} to one and ${value} to another`);
    if (place !== undefined) this.storedTwice.push(`${value} is at ${key}:${place} and at ${seq}`);
    if (there !== undefined || place !== undefined) accused.add(seq);
    if (there === undefined) values[seq] = value;
    if (place === undefined) places.set(value, seq);
  }
}
