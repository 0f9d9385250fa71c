import type { EventEmitter } from 'node:events';

type Listeners = Record<string | symbol, unknown>;

/** What V8 keeps with fast properties and has no prototype's; Node's own `{ __proto__: null }` is a hash table of 0.3 KiB and more. */
const ListenerTable = function ListenerTable() {} as unknown as new () => Listeners;
ListenerTable.prototype = Object.create(null);

/** Has an emitter keep its listeners in less memory. They stay as they are; more can be added and removed. */
export function compactListeners(emitter: EventEmitter): void {
  const parts = emitter as unknown as { _events: Listeners };
  const table = new ListenerTable();
  for (const event of Reflect.ownKeys(parts._events)) table[event] = trimmed(parts._events[event]);
  parts._events = table;
}

/** As `compactListeners` for a stream, whose table is small already. */
export function compactStreamListeners(stream: EventEmitter): void {
  const { _events } = stream as unknown as { _events: Listeners };
  for (const event of Object.keys(_events)) _events[event] = trimmed(_events[event]);
}

/** An array that has grown by a push has room for 17; a copy has none to spare. */
export function trimmed<T>(value: T): T {
  return Array.isArray(value) ? (value.slice() as T) : value;
}
