import type { JobState } from '../../../shared/protocol.js';
import { fullTime } from '../lib/format.js';
import { hueOf } from '../ui/hue.js';
import { ResultFile, ResultImage } from './result-file.js';
import { type JobOutcome, outcomeOf } from './results.js';
import { RollupTable } from './rollup-table.js';

const WHOLE = new Intl.NumberFormat();

/** What a job gave, as its handler's results are best read. */
export function JobResult({ job }: { job: JobState }) {
  const outcome = outcomeOf(job.name, job.result);
  return (
    <div class="job-result" data-testid="job-result">
      <Outcome job={job} outcome={outcome} />
    </div>
  );
}

function Outcome({ job, outcome }: { job: JobState; outcome: JobOutcome }) {
  switch (outcome.kind) {
    case 'search':
      return <SearchHits outcome={outcome} />;
    case 'export':
      return (
        <ResultFile jobId={job.jobId} file={outcome.file} bytes={outcome.bytes}>
          {WHOLE.format(outcome.messages)} messages
        </ResultFile>
      );
    case 'thumbnail':
      return (
        <>
          <ResultImage jobId={job.jobId} width={outcome.width} height={outcome.height} alt={outcome.file} />
          <ResultFile jobId={job.jobId} file={outcome.file} bytes={outcome.bytes}>
            {outcome.width} × {outcome.height}, of {outcome.source.width} × {outcome.source.height} pixels
          </ResultFile>
        </>
      );
    case 'rollup':
      return <RollupTable outcome={outcome} />;
    case 'primes':
      return <strong class="big numbers">{WHOLE.format(outcome.primes)} primes</strong>;
    case 'other':
      return <pre class="scrolls">{outcome.json}</pre>;
  }
}

/** Messages that were found, the newest first. */
export function SearchHits({ outcome: { hits, scanned, total, more } }: { outcome: Extract<JobOutcome, { kind: 'search' }> }) {
  return (
    <>
      <p class="muted">
        {WHOLE.format(hits.length)} {hits.length === 1 ? 'message' : 'messages'} found, {WHOLE.format(scanned)} of {WHOLE.format(total)}{' '}
        looked at
        {more && '; there may be older ones'}.
      </p>
      <ol class="hits scrolls">
        {hits.map(({ position, from, time, text }) => (
          <li key={position} data-testid="search-hit">
            <span class={`author hue-${hueOf(from.id)}`}>{from.name}</span>
            <time class="muted numbers" dateTime={new Date(time).toISOString()}>
              {fullTime(time)}
            </time>
            <p>{text}</p>
          </li>
        ))}
      </ol>
    </>
  );
}
