// Runs a job in the journal of the data directory that it is given, and is killed once the job's end is on disk, before anybody hears of it.
import { openLmdbJobJournal } from '../../../dist/server/jobs/lmdb-job-journal.js';
import { createPiscinaJobQueue } from '../../../dist/server/jobs/piscina-job-queue.js';

const [dir] = process.argv.slice(2);
const logger = { info() {}, warn() {}, error: console.error };
const queue = createPiscinaJobQueue({ journal: openLmdbJobJournal(dir), logger });
queue.onChange(({ state: { jobId, state } }) => {
  if (state === 'queued') console.log(jobId);
  if (state === 'done') process.kill(process.pid, 'SIGKILL');
});
await queue.work(async () => 'on disk', { concurrency: { threads: 1, loop: 1 } });
const times = { backoffMs: 1, timeoutMs: 60_000, resultTtlMs: 60_000 };
await queue.submit({ name: 'probe', lane: 'loop', input: {}, owner: 'ann', attempts: 1, ...times });
