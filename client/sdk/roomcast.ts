/** `roomcast/client`: rooms, recovery, outbox, jobs and metrics over one Socket.IO connection, in browsers and Node. */
import type { ConnectOptions, Hub } from './api.js';
import { systemClock } from './clock.js';
import { createSocket } from './connection.js';
import { HubClient } from './hub.js';
import { createIndexedDbOutboxStore, pageIndexedDb } from './indexeddb-outbox-store.js';
import { createMemoryOutboxStore, type OutboxStore } from './outbox-store.js';

export { HubError } from '../../shared/errors.js';
/** For those who read `frame:bytes` from a socket of their own. */
export { decodeFrame } from '../../shared/frame-codec.js';
export type { Position } from '../../shared/position.js';
export type * from '../../shared/protocol.js';
export type { RoomName } from '../../shared/rooms.js';
export type * from './api.js';
export { JobError } from './job-error.js';
export { isMessageOf } from './message-type.js';
export type { OutboxEntry, OutboxStore } from './outbox-store.js';

/**
 * Connects to a hub and stays connected until `close`.
 * @param url the hub's address; in a page it defaults to the page's own
 * @throws HubError `invalid` when there is no address
 */
export function connect(url?: string, options: ConnectOptions = {}): Hub {
  return new HubClient(createSocket(url, options.io), chooseStore(options.outbox, url), systemClock, options);
}

function chooseStore(wish: ConnectOptions['outbox'], url = ''): OutboxStore {
  if (typeof wish === 'object') return wish;
  const indexedDb = wish === 'memory' ? undefined : pageIndexedDb();
  return indexedDb ? createIndexedDbOutboxStore(indexedDb, `roomcast-outbox:${url}`) : createMemoryOutboxStore();
}
