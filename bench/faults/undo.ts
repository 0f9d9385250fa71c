import type { Scope } from '../../test/support/scope.js';

/** What must be undone when a run is over: last begun, first undone. */
export class Undo implements Scope {
  readonly #undos: (() => unknown)[] = [];

  defer<Thing>(thing: Thing, undo: (thing: Thing) => unknown): Thing {
    this.#undos.push(() => undo(thing));
    return thing;
  }

  /** Goes on when something cannot be undone. */
  async run(): Promise<void> {
    for (let undo = this.#undos.pop(); undo; undo = this.#undos.pop())
      await Promise.resolve()
        .then(undo)
        .catch(() => undefined);
  }
}
