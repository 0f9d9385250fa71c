import { asRead } from '../adapter/command-errors.js';
import type { JobKeys } from './job-keys.js';
import type { Job } from './job-machine.js';
import type { JobRecord } from './job-queue.js';
import { decodeJob, decodeState } from './job-scripts.js';
import type { JobsLink } from './jobs-link.js';

/** A job's id and owner. */
export type OwnedId = readonly [jobId: string, owner: string];

/** What is read of jobs in Redis: of many at once, and of those alone that there are. All of it throws HubError `unavailable`. */
export class JobReads {
  constructor(
    private readonly link: Pick<JobsLink, 'run'>,
    private readonly keys: JobKeys,
  ) {}

  /** In the order of their ids. */
  async jobs(jobIds: readonly string[]): Promise<Job[]> {
    const found = await this.fields(jobIds, ['request', 'job', 'place']);
    return found.flatMap(([request, job, place]) => (request && job ? [decodeJob(request, job, place)] : []));
  }

  async owners(jobIds: readonly string[]): Promise<Map<string, string>> {
    const found = await this.fields(jobIds, ['owner']);
    const owners = new Map(jobIds.flatMap((id, at) => (found[at]?.[0] ? [[id, found[at][0]] as const] : [])));
    // Those that a hub took which noted no owner, and those that are gone.
    for (const { state, request } of await this.jobs(jobIds.filter((id) => !owners.has(id)))) owners.set(state.jobId, request.owner);
    return owners;
  }

  /** Without what the jobs were given. */
  async states(jobs: readonly OwnedId[]): Promise<JobRecord[]> {
    const ids = jobs.map(([id]) => id);
    const found = await this.fields(ids, ['job', 'place']);
    return jobs.flatMap(([, owner], at) => {
      const [job, place] = found[at] ?? [];
      return job ? [{ state: decodeState(job, place), owner }] : [];
    });
  }

  private async fields(jobIds: readonly string[], fields: string[]): Promise<(string | null)[][]> {
    if (jobIds.length === 0) return [];
    return asRead(this.link.run((client) => Promise.all(jobIds.map((id) => client.hmGet(this.keys.job(id), fields)))));
  }
}
