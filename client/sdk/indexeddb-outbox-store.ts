import type { OutboxEntry, OutboxStore } from './outbox-store.js';

/** The little of IndexedDB that this store uses; the types of a page's globals are not known here. */
interface Request<Result> {
  result: Result;
  error: unknown;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
}
interface ObjectStore {
  put(value: OutboxEntry, key?: unknown): Request<unknown>;
  getAll(): Request<OutboxEntry[]>;
  delete(key: unknown): Request<undefined>;
  index(name: string): { getKey(key: [string, string]): Request<unknown> };
  createIndex(name: string, path: string[], options: { unique: boolean }): unknown;
}
interface Transaction {
  objectStore(name: string): ObjectStore;
  error: unknown;
  oncomplete: (() => void) | null;
  onabort: (() => void) | null;
}
interface Database {
  transaction(store: string, mode: 'readonly' | 'readwrite'): Transaction;
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
  const change = async (edit: (messages: ObjectStore) => Promise<unknown>) => {
    const transaction = (await opened).transaction(STORE, 'readwrite');
    await Promise.all([edit(transaction.objectStore(STORE)), completed(transaction)]);
  };
  return {
    async load() {
      return settled((await opened).transaction(STORE, 'readonly').objectStore(STORE).getAll());
    },
    put: (entry) => change(async (messages) => settled(messages.put(entry, await keyOf(messages, entry)))),
    remove: (entry) =>
      change(async (messages) => {
        const key = await keyOf(messages, entry);
        if (key !== undefined) await settled(messages.delete(key));
      }),
    async close() {
      (await opened).close();
    },
  };
}

const keyOf = (messages: ObjectStore, { room, id }: Pick<OutboxEntry, 'room' | 'id'>): Promise<unknown> =>
  settled(messages.index(BY_ID).getKey([room, id]));

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

function completed(transaction: Transaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}

function settled<Result>(request: Request<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
