import { useEffect, useState } from 'preact/hooks';
import type { JobDetails, JobFailure, JobState } from '../../../shared/protocol.js';
import { clockSeconds, duration } from '../lib/format.js';
import { useSession } from '../session-context.js';
import { durationsOf } from './job-list.js';

/** What a job was given and how its attempts went, asked for when it is opened. */
export function JobDetailsCard({ job }: { job: JobState }) {
  const { jobs } = useSession();
  const [open, setOpen] = useState(false);
  const [asked, setAsked] = useState<JobDetails | Error | undefined>(undefined);
  useEffect(() => {
    if (!open) return;
    let current = true;
    const take = (given: JobDetails | Error) => current && setAsked(given);
    jobs.details(job.jobId).then(take, take);
    return () => {
      current = false;
    };
  }, [open, job.jobId, job.state]);
  return (
    <details class="steps" onToggle={(event) => setOpen(event.currentTarget.open)} data-testid="job-details">
      <summary>Details{durationsOf(job) && `: ${durationsOf(job)}`}</summary>
      {asked instanceof Error ? <p class="error-text">{asked.message}</p> : asked && <Details details={asked} />}
    </details>
  );
}

function Details({ details }: { details: JobDetails }) {
  const { job, owner, input, attempt, attempts, timeoutMs, crashes, failures } = details;
  const rows: (readonly [string, string])[] = [
    ['id', job.jobId],
    ['for', owner],
    ['attempt', `${attempt} of ${attempts}, each for ${duration(timeoutMs)} at most`],
    ...(crashes > 0 ? [['crashes', `${crashes}: its process ended under it`] as const] : []),
  ];
  return (
    <div class="job-details">
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {failures.map((failure) => (
        <Failure key={failure.attempt} failure={failure} />
      ))}
      <h3>Input</h3>
      <pre class="scrolls" data-testid="job-input">
        {JSON.stringify(input, null, 2) ?? 'none'}
      </pre>
    </div>
  );
}

function Failure({ failure: { attempt, startedAt, endedAt, error, cause } }: { failure: JobFailure }) {
  return (
    <p class="job-failure">
      Attempt {attempt} at {clockSeconds(startedAt)} failed after {duration(Math.max(0, endedAt - startedAt))}: {error.message}
      {cause && cause !== error.message && <code>{cause}</code>}
    </p>
  );
}
