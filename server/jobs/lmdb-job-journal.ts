import { type Database, open } from 'lmdb';
import { commitFault } from '../log/commit-fault.js';
import { checkStoreFile } from '../log/store-file.js';
import type { JobJournal } from './job-journal.js';
import type { Job } from './job-machine.js';

/**
 * A journal in an LMDB environment of its own: a job as JSON under its id. `dir` is created when it is missing. What cannot be written is refused with
 * HubError `storage_full` or `unavailable`.
 * @throws Error with one clear line when the directory holds none that can be opened
 */
export function openLmdbJobJournal(dir: string): JobJournal {
  const store = openStore(dir);
  const written = async (write: Promise<boolean>) => {
    try {
      await write;
    } catch (error) {
      throw await commitFault(error, dir);
    }
  };
  return {
    // Ids rise with the submissions, and the range is in their order.
    load: () => [...store.getRange().map(({ value }) => value)],
    put: (job) => written(store.put(job.state.jobId, job)),
    remove: (jobId) => written(store.remove(jobId)),
    close: () => store.close(),
  };
}

function openStore(dir: string): Database<Job, string> {
  try {
    checkStoreFile(dir);
    // As the rooms: each write waits for the disk, and a failed one leaves no promise unhandled.
    return open<Job, string>({ path: dir, encoding: 'json', overlappingSync: false, eventTurnBatching: false });
  } catch (error) {
    throw new Error(`the jobs in ${dir} cannot be opened: ${(error as Error).message}`, { cause: error });
  }
}
