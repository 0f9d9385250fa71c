import type { EventEmitter } from 'node:events';

export type Listeners = Record<string | symbol, unknown>;
interface EmitterParts {
  _events: Listeners;
  _eventsCount: number;
}

/** What V8 keeps with fast properties and has no prototype's; Node's own `{ __proto__: null }` is a hash table of 0.3 KiB and more. */
const ListenerTable = function ListenerTable() {} as unknown as new () => Listeners;
ListenerTable.prototype = Object.create(null);

/** Listeners by event, for `giveListeners`. */
export const listenerTable = (): Listeners => new ListenerTable();

/**
 * Adds all listeners of a table, one of each event, as one step: to add them one by one and then to compact them costs ten times as much.
 * False, and nothing is done: the emitter has more than a listener of errors, and the order of its listeners matters.
 */
export function giveListeners(emitter: EventEmitter, table: Readonly<Listeners>, events: number): boolean {
  const parts = emitter as unknown as EmitterParts;
  const { _events: before, _eventsCount: count } = parts;
  const isFresh = count === 0 || (count === 1 && 'error' in before && !('error' in table));
  if (!isFresh) return false;
  parts._events = Object.assign(listenerTable(), table, before);
  parts._eventsCount = events + count;
  return true;
}

/** Has an emitter keep its listeners in less memory. They stay as they are; more can be added and removed. */
export function compactListeners(emitter: EventEmitter): void {
  const parts = emitter as unknown as EmitterParts;
  if (Object.getPrototypeOf(parts._events) === ListenerTable.prototype) return;
  const table = new ListenerTable();
  for (const event of Reflect.ownKeys(parts._events)) table[event] = trimmed(parts._events[event]);
  parts._events = table;
}

/** As `compactListeners`, where only the lists of several listeners are too large: a table that is compact already, and a stream's. */
export function trimListeners(emitter: EventEmitter): void {
  const { _events } = emitter as unknown as EmitterParts;
  for (const event of Object.keys(_events)) {
    const listeners = _events[event];
    if (Array.isArray(listeners)) _events[event] = trimmed(listeners);
  }
}

/** An array that has grown by a push has room for 17; a copy has none to spare. */
export function trimmed<T>(value: T): T {
  return Array.isArray(value) ? (value.slice() as T) : value;
}
