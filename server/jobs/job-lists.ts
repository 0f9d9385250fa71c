import type { JobKeys } from './job-keys.js';
import type { JobQueue, JobRecord } from './job-queue.js';
import type { JobReads, OwnedId } from './job-reads.js';
import type { JobsLink } from './jobs-link.js';
import { createListPage } from './list-page.js';

/** States that are read at once: their results have 256 KiB each. */
const READ_AT_ONCE = 20;
/** Jobs whose owners are read at once. */
const PAGE_MAX = 500;

/** Lists of the jobs in Redis, newest first, without what the jobs were given. */
export class JobLists {
  constructor(
    private readonly link: Pick<JobsLink, 'run'>,
    private readonly keys: JobKeys,
    private readonly reads: JobReads,
  ) {}

  async list({ owner, state, limit }: Parameters<JobQueue['list']>[0]): Promise<JobRecord[]> {
    // An owner's list has its newest jobs only: one that failed long ago is among those that failed.
    const key = owner === undefined || state ? this.keys.of(state ?? 'all') : this.keys.of('owner', owner);
    const size = owner !== undefined && state ? PAGE_MAX : Math.min(Math.max(limit, 1), PAGE_MAX);
    const onPage = createListPage();
    const listed: JobRecord[] = [];
    for await (const page of this.pages(key, size)) {
      const asked = page.filter(([, one]) => (owner ?? one) === one);
      while (asked.length > 0 && listed.length < limit) {
        const some = await this.reads.states(asked.splice(0, Math.min(READ_AT_ONCE, limit - listed.length)));
        for (const one of some) if ((state ?? one.state.state) === one.state.state) listed.push({ ...one, state: onPage(one.state) });
      }
      if (listed.length >= limit) break;
    }
    return listed;
  }

  /** The jobs of an index that there are, page by page. Forgotten ones leave it, so that the next list does not stumble over them again. */
  private async *pages(key: string, size: number): AsyncGenerator<OwnedId[]> {
    for (let from = 0; ; ) {
      const ids = await this.link.run((client) => client.zRange(key, from, from + size - 1, { REV: true }));
      const owners = await this.reads.owners(ids);
      const isLast = ids.length < size;
      const gone = ids.filter((id) => !owners.has(id));
      if (!isLast && gone.length > 0) await this.link.run((client) => client.zRem(key, gone));
      yield [...owners];
      if (isLast) return;
      from += owners.size;
    }
  }
}
