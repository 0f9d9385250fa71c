import { open } from 'lmdb';
import { HubError } from '../../shared/errors.js';
import type { JobJournal } from './job-journal.js';
import type { Job } from './job-machine.js';

/** A journal in an LMDB environment of its own: a job as JSON under its id. `dir` is created when it is missing. */
export function openLmdbJobJournal(dir: string): JobJournal {
  const store = open<Job, string>({ path: dir, encoding: 'json' });
  const written = (write: Promise<boolean>) =>
    write.then(
      () => {},
      (error: Error) => {
        throw /MDB_MAP_FULL|ENOSPC|No space/.test(error.message) ? new HubError('storage_full') : error;
      },
    );
  return {
    // Ids rise with the submissions, and the range is in their order.
    load: () => [...store.getRange().map(({ value }) => value)],
    put: (job) => written(store.put(job.state.jobId, job)),
    remove: (jobId) => written(store.remove(jobId)),
    close: () => store.close(),
  };
}
