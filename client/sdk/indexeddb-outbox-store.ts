import type { OutboxEntry, OutboxStore } from './outbox-store.js';

/** The little of IndexedDB that this store uses; the types of a page's globals are not known here. */
interface Request<Result> {
  result: Result;
  error: unknown;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
}
interface ObjectStore {
  add(value: OutboxEntry): Request<unknown>;
  getAll(): Request<OutboxEntry[]>;
  delete(key: unknown): Request<undefined>;
  index(name: string): { getKey(key: [string, string]): Request<unknown> };
  createIndex(name: string, path: string[], options: { unique: boolean }): unknown;
}
interface Database {
  transaction(
    store: string,
    mode: 'readonly' | 'readwrite',
    options?: { durability: 'strict' },
  ): { objectStore(name: string): ObjectStore };
  createObjectStore(name: string, options: { autoIncrement: boolean }): ObjectStore;
  close(): void;
  onversionchange: (() => void) | null;
}
export interface IndexedDb {
  open(name: string, version: number): Request<Database> & { onupgradeneeded: (() => void) | null };
}

const STORE = 'messages';
const BY_ID = 'by-id';

/** The page's IndexedDB, where there is one. */
export function pageIndexedDb(): IndexedDb | undefined {
  return (globalThis as { indexedDB?: IndexedDb }).indexedDB;
}

/**
 * Keeps unsent messages over page reloads, shared by the tabs of one origin.
 * @param name the database's name: one for each hub
 */
export function createIndexedDbOutboxStore(indexedDb: IndexedDb, name: string): OutboxStore {
  const opened = open(indexedDb, name);
  opened.catch(() => {});
  // Transactions on one store run in the order in which they were made.
  const store = async (mode: 'readonly' | 'readwrite') => (await opened).transaction(STORE, mode).objectStore(STORE);
  return {
    async load() {
      return settled((await store('readonly')).getAll());
    },
    async put(entry) {
      await settled((await store('readwrite')).add(entry));
    },
    async remove({ room, id }) {
      const messages = await store('readwrite');
      const key = await settled(messages.index(BY_ID).getKey([room, id]));
      if (key !== undefined) await settled(messages.delete(key));
    },
    async close() {
      (await opened).close();
    },
  };
}

async function open(indexedDb: IndexedDb, name: string): Promise<Database> {
  const request = indexedDb.open(name, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(STORE, { autoIncrement: true }).createIndex(BY_ID, ['room', 'id'], { unique: true });
  };
  const database = await settled(request);
  // Another tab wants to delete or change the database: do not stand in its way.
  database.onversionchange = () => database.close();
  return database;
}

function settled<Result>(request: Request<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
