import { join } from 'node:path';
import { readPage } from './lmdb-reads.js';
import { endsOf, openLmdbTables } from './lmdb-tables.js';
import { type MappedPages, mappedPagesOf } from './mapped-pages.js';
import type { LogPage, RoomLog } from './room-log.js';
import { STORE_FILE } from './store-file.js';

/** Reads a data directory from any thread while its owner writes: each call sees all that was committed before it. */
export interface LmdbLogReader extends Pick<RoomLog, 'read' | 'ends' | 'close'> {}

/** Bytes that reading may have mapped before it is told, as `mappedBy` estimates them. */
const MAPPED_BYTES = 4 * 1024 * 1024;
/** What Linux maps at least around a page that is read for the first time. */
const READ_BYTES = 64 * 1024;
/** An entry's share of it, where its neighbours in the file are of other rooms. */
const ENTRY_BYTES = 1024;

/**
 * @param onMapped called each time that some MiB more may have been mapped: pages that were read stay mapped, as memory of this process, until they are
 *   released or the system needs the room
 * @throws Error when the directory holds no log yet
 */
export function openLmdbLogReader(dir: string, onMapped: () => void = () => {}): LmdbLogReader {
  const tables = openLmdbTables(dir, { readOnly: true });
  let mapped = 0;
  const fresh = () => {
    tables.root.resetReadTxn();
    return tables;
  };
  function countMapped(page: LogPage): void {
    mapped += mappedBy(page);
    if (mapped < MAPPED_BYTES) return;
    mapped = 0;
    onMapped();
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

/** What all readers of a data directory in this process have mapped, for as long as its log is open: LMDB unmaps nothing before that. */
export const lmdbPages = (dir: string): MappedPages => mappedPagesOf(join(dir, 'log', STORE_FILE));
