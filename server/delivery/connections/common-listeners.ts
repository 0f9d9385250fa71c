import type { EventEmitter } from 'node:events';
import { type EmitterParts, type Listeners, newListenerTable } from './compact.js';

type Listener = (...args: never[]) => unknown;

/** What changes an emitter's listeners in place: `once` and `prependOnceListener` call these. */
const CHANGES = ['on', 'addListener', 'prependListener', 'off', 'removeListener', 'removeAllListeners'] as const;
/** On the prototypes of `takeCommonListeners`. */
const TAKES_COMMON = Symbol('takes common listeners');

/** Listeners of many emitters, one for each event. */
export class CommonListeners {
  readonly #table = newListenerTable();
  #events = 0;
  /** The table of all emitters that can share one, with the listener of errors that they had before. */
  #shared: Listeners | undefined;

  set(event: string, listener: Listener): void {
    if (!(event in this.#table)) this.#events++;
    this.#table[event] = listener;
    this.#shared = undefined;
  }

  get(event: string): unknown {
    return this.#table[event];
  }

  entries(): [string, unknown][] {
    return Object.entries(this.#table);
  }

  /**
   * Adds them all as one step: to add them one by one and then to compact them costs ten times as much. False, and nothing is done: the
   * emitter has more than a listener of errors, and the order of its listeners matters.
   */
  give(emitter: EventEmitter): boolean {
    const parts = emitter as unknown as EmitterParts;
    const { _events: before, _eventsCount: count } = parts;
    const isFresh = count === 0 || (count === 1 && 'error' in before! && !('error' in this.#table));
    if (!isFresh) return false;
    parts._events = TAKES_COMMON in emitter ? this.#sharedWith(before) : this.#with(before);
    parts._eventsCount = this.#events + count;
    return true;
  }

  #sharedWith(before: Listeners | undefined): Listeners {
    const error = before?.error ?? this.#table.error;
    if (this.#shared?.error !== error) this.#shared = undefined;
    this.#shared ??= Object.freeze(this.#with(before));
    return this.#shared;
  }

  #with(before: Listeners | undefined): Listeners {
    return Object.assign(newListenerTable(), this.#table, before);
  }
}

/**
 * Lets the emitters of a class have one table of common listeners together, 0.1 to 0.2 KiB for each of them: one takes a copy
 * before its listeners change. The table is frozen, so that a change by another way fails instead of reaching all.
 */
export function takeCommonListeners(prototype: EventEmitter): void {
  const own: PropertyDescriptorMap = { [TAKES_COMMON]: { value: true } };
  for (const change of CHANGES) {
    const base = prototype[change] as (this: EventEmitter, ...args: unknown[]) => unknown;
    const changeOwn = function (this: EventEmitter, ...args: unknown[]) {
      const parts = this as unknown as EmitterParts;
      if (Object.isFrozen(parts._events)) parts._events = Object.assign(newListenerTable(), parts._events);
      return base.apply(this, args);
    };
    own[change] = { value: changeOwn, writable: true, configurable: true };
  }
  Object.defineProperties(prototype, own);
}
