import type { JobState } from '../../../shared/protocol.js';
import { clockSeconds, fullTime } from '../lib/format.js';
import { useSession } from '../session-context.js';
import { Icon } from '../ui/icon.js';
import { JobDetailsCard } from './job-details.js';
import { titleOf } from './job-forms.js';
import { hasEnded, statusLine } from './job-list.js';
import { JobChip, JobProgress } from './job-progress.js';
import { JobResult, SearchHits } from './job-result.js';
import { outcomeOf } from './results.js';

/** One job: how far it is, and what came out. */
export function JobCard({ job }: { job: JobState }) {
  const { jobs, toasts } = useSession();
  const title = titleOf(job.name);
  const cancel = () => jobs.cancel(job.jobId).catch((error: Error) => toasts.show(error.message));
  const discard = () => jobs.discard(job.jobId).catch((error: Error) => toasts.show(error.message));
  const retry = () => jobs.retry(job.jobId).catch((error: Error) => toasts.show(error.message));
  return (
    <article class="card job" aria-label={`${title}, ${job.state}`} data-testid="job" data-job={job.name} data-state={job.state}>
      <header class="job-head">
        <h2>{title}</h2>
        <JobChip state={job.state} />
        <span class="spacer" />
        <time class="muted numbers" dateTime={new Date(job.createdAt).toISOString()} title={fullTime(job.createdAt)}>
          {clockSeconds(job.createdAt)}
        </time>
        {job.state === 'failed' && (
          <>
            <button type="button" class="button small" onClick={retry} data-testid="job-retry">
              <Icon name="retry" />
              Run again
            </button>
            <button type="button" class="button small danger" onClick={discard} data-testid="job-discard">
              <Icon name="trash" />
              Discard
            </button>
          </>
        )}
        {!hasEnded(job) && (
          <button type="button" class="button small danger" onClick={cancel} data-testid="job-cancel">
            Cancel
          </button>
        )}
      </header>
      {!hasEnded(job) && <JobProgress job={job} title={title} />}
      <p class="muted job-status" data-testid="job-status">
        {statusLine(job)}
      </p>
      {job.state === 'active' && <Partial job={job} />}
      {job.state === 'done' && <JobResult job={job} />}
      <JobDetailsCard job={job} />
    </article>
  );
}

/** What a search has found so far. */
function Partial({ job }: { job: JobState }) {
  const outcome = outcomeOf(job.name, job.progress?.data);
  return outcome.kind === 'search' && outcome.hits.length > 0 ? <SearchHits outcome={outcome} /> : null;
}
