/** `roomcast/client`: rooms, recovery, outbox, jobs and metrics over one Socket.IO connection, in browsers and Node. */
import type { ConnectOptions, Hub } from './api.js';

export { HubError } from '../../shared/errors.js';
export type { Position } from '../../shared/position.js';
export type * from '../../shared/protocol.js';
export type { RoomName } from '../../shared/rooms.js';
export type * from './api.js';
export type { OutboxEntry, OutboxStore } from './outbox-store.js';

/**
 * Connects to a hub and stays connected until `close`.
 * @param url the hub's address; in a page it defaults to the page's own
 */
export declare function connect(url?: string, options?: ConnectOptions): Hub;
