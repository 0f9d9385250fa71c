import { IDBFactory } from 'fake-indexeddb';
import { createIndexedDbOutboxStore, type IndexedDb } from './indexeddb-outbox-store.js';
import { describeOutboxStore } from './outbox-store.contract.js';
import { createMemoryOutboxStore } from './outbox-store.js';

describeOutboxStore('memory', async () => ({ open: async () => createMemoryOutboxStore(), outlives: false }));

describeOutboxStore('IndexedDB', async () => {
  const page = new IDBFactory() as unknown as IndexedDb;
  return { open: async () => createIndexedDbOutboxStore(page, 'outbox'), outlives: true };
});
