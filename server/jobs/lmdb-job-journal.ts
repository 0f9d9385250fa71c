import { open, type RootDatabase } from 'lmdb';
import { commitFault } from '../log/commit-fault.js';
import { type DiskSpace, spaceOn } from '../log/disk-space.js';
import { spareBytes } from '../log/spare-bytes.js';
import { checkStoreFile } from '../log/store-file.js';
import type { JobJournal } from './job-journal.js';
import type { Job } from './job-machine.js';

/**
 * A journal in an LMDB environment of its own: a job as JSON under its id. `dir` is created when it is missing. What cannot be written is refused with
 * HubError `storage_full` or `unavailable`: where `disk` is given, before it is tried.
 * @throws Error with one clear line when the directory holds none that can be opened
 */
export function openLmdbJobJournal(dir: string, disk?: DiskSpace): JobJournal {
  const store = openStore(dir);
  const space = spaceOn(disk, () => spareBytes(store));
  // A store that is closed throws: in an async function that is a rejection, as every other failure.
  const written = async (write: () => Promise<boolean>) => {
    try {
      await write();
    } catch (error) {
      throw await commitFault(error, dir);
    }
  };
  return {
    // Ids rise with the submissions, and the range is in their order.
    load: () => [...store.getRange().map(({ value }) => JSON.parse(value) as Job)],
    async put(job) {
      const { jobId } = job.state;
      const json = JSON.stringify(job);
      const put = () => written(() => store.put(jobId, json));
      await space.during(Buffer.byteLength(json), put, store.doesExist(jobId) ? 'change' : 'new');
    },
    remove: (jobId) => space.during(0, () => written(() => store.remove(jobId)), 'delete'),
    close: () => store.close(),
  };
}

/** JSON as text, as the library's own encoding for it has it: here its size is known before it is written. */
function openStore(dir: string): RootDatabase<string, string> {
  try {
    checkStoreFile(dir);
    // As the rooms: each write waits for the disk, and a failed one leaves no promise unhandled.
    return open<string, string>({ path: dir, encoding: 'string', overlappingSync: false, eventTurnBatching: false });
  } catch (error) {
    throw new Error(`the jobs in ${dir} cannot be opened: ${(error as Error).message}`, { cause: error });
  }
}
