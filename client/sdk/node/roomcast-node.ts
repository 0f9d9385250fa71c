/** `roomcast/client/node`: what the client has in Node beside `roomcast/client`. */
export { type FileOutboxOptions, openFileOutboxStore } from './file-outbox-store.js';
