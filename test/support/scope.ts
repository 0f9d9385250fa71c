import { afterAll, afterEach } from '@jest/globals';

/** What must be undone when a test, or a file of tests, is over: last begun, first undone. */
export interface Scope {
  /** Gives back what it was given. */
  defer<Thing>(thing: Thing, undo: (thing: Thing) => unknown): Thing;
}

/** Undone after each test of this file. */
export function testScope(): Scope {
  return scopeUntil(afterEach);
}

/** Undone after all tests of this file. */
export function fileScope(): Scope {
  return scopeUntil(afterAll);
}

function scopeUntil(over: (undo: () => Promise<void>, timeoutMs: number) => void): Scope {
  const undos: (() => unknown)[] = [];
  over(async () => {
    const failed: unknown[] = [];
    for (let undo = undos.pop(); undo; undo = undos.pop()) {
      await Promise.resolve()
        .then(undo)
        .catch((error) => failed.push(error));
    }
    if (failed.length > 0) throw new AggregateError(failed, 'what a test began could not be undone');
  }, 120_000);
  return {
    defer(thing, undo) {
      undos.push(() => undo(thing));
      return thing;
    },
  };
}
