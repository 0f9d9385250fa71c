import { Remembered } from '../../../shared/remembered.js';

/** Different values that are remembered: browsers and versions, origins and paths. */
const REMEMBERED = 1_000;
/** Of one value as JSON: more than the headers of a browser. */
const LONGEST_JSON = 4_096;

/** Gives the same frozen object for equal plain ones: what thousands of clients send alike is kept once. */
export class EqualOnce {
  readonly #known = new Remembered<object>(REMEMBERED, LONGEST_JSON);

  of<T extends object>(value: T): Readonly<T> {
    return this.#known.get(JSON.stringify(value), () => Object.freeze(value)) as Readonly<T>;
  }
}
