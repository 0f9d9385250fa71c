import type { Job } from './job-machine.js';

/** Port: the jobs of an embedded queue on disk, so that those of a killed process run again and results outlive a restart. */
export interface JobJournal {
  /** All jobs, in order of submission. */
  load(): Job[];
  /** Resolves once it would survive the process. Writes of one job keep their order. @throws HubError `storage_full` */
  put(job: Job): Promise<void>;
  remove(jobId: string): Promise<void>;
  close(): Promise<void>;
}
