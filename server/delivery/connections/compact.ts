import type { EventEmitter } from 'node:events';

export type Listeners = Record<string | symbol, unknown>;
/** What Node's emitters keep and do not declare. */
export interface EmitterParts {
  /** Undefined: nobody listens. */
  _events: Listeners | undefined;
  _eventsCount: number;
}

/** What V8 keeps with fast properties and has no prototype's; Node's own `{ __proto__: null }` is a hash table of 0.3 KiB and more. */
const ListenerTable = function ListenerTable() {} as unknown as new () => Listeners;
ListenerTable.prototype = Object.create(null);

/** Empty. */
export const newListenerTable = (): Listeners => new ListenerTable();

/** Has an emitter keep its listeners in less memory, none where it has none. They stay as they are; more can be added and removed. */
export function compactListeners(emitter: EventEmitter): void {
  const parts = emitter as unknown as EmitterParts;
  if (parts._eventsCount === 0) parts._events = undefined;
  else compactTable(parts);
}

/** As `compactListeners`, for an emitter that will have listeners only from now on. */
export function prepareListeners(emitter: EventEmitter): void {
  (emitter as unknown as EmitterParts)._events = newListenerTable();
}

function compactTable(parts: EmitterParts): void {
  const before = parts._events!;
  if (Object.getPrototypeOf(before) === ListenerTable.prototype) return;
  const table = newListenerTable();
  for (const event of Reflect.ownKeys(before)) table[event] = trimmed(before[event]);
  parts._events = table;
}

/** As `compactListeners`, where only the lists of several listeners are too large: a table that is compact already, and a stream's. */
export function trimListeners(emitter: EventEmitter): void {
  const { _events } = emitter as unknown as EmitterParts;
  for (const event in _events) {
    const listeners = _events[event];
    if (Array.isArray(listeners)) _events[event] = trimmed(listeners);
  }
}

/** An array that has grown by a push has room for 17; a copy has none to spare. */
export function trimmed<T>(value: T): T {
  return Array.isArray(value) ? (value.slice() as T) : value;
}
