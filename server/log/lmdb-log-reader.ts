import { join } from 'node:path';
import { readPage } from './lmdb-reads.js';
import { endsOf, openLmdbTables } from './lmdb-tables.js';
import { openMappedPages } from './mapped-pages.js';
import type { LogPage, RoomLog } from './room-log.js';
import { STORE_FILE } from './store-file.js';

/** Reads a data directory from any thread while its owner writes: each call sees all that was committed before it. */
export interface LmdbLogReader extends Pick<RoomLog, 'read' | 'ends' | 'close'> {}

/** Bytes that reading may have mapped before they are released, as `mappedBy` estimates them. */
const MAPPED_BYTES = 4 * 1024 * 1024;
/** What Linux maps at least around a page that is read for the first time. */
const READ_BYTES = 64 * 1024;
/** An entry's share of it, where its neighbours in the file are of other rooms. */
const ENTRY_BYTES = 1024;

/**
 * Pages of the file that were read are released now and then, where the system allows it: otherwise a room's whole history stays mapped, as memory
 * of this process.
 * @throws Error when the directory holds no log yet
 */
export async function openLmdbLogReader(dir: string): Promise<LmdbLogReader> {
  const tables = openLmdbTables(dir, { readOnly: true });
  // LMDB keeps each mapping that it made until the last one in the process who opened the file has closed it.
  const pages = await openMappedPages(join(dir, 'log', STORE_FILE));
  let mapped = 0;
  const fresh = () => {
    tables.root.resetReadTxn();
    return tables;
  };
  function countMapped(page: LogPage): void {
    mapped += mappedBy(page);
    if (mapped < MAPPED_BYTES) return;
    mapped = 0;
    pages?.release((tables.root.getStats() as { mapSize: number }).mapSize);
  }
  return {
    async read(room, range) {
      const page = readPage(fresh(), room, range);
      countMapped(page);
      return page;
    },
    ends: async (room) => endsOf(fresh(), room),
    close: () => tables.root.close(),
  };
}

const mappedBy = ({ entries }: LogPage): number => entries.reduce((sum, { bytes }) => sum + bytes + ENTRY_BYTES, READ_BYTES);
