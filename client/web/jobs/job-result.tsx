import { useState } from 'preact/hooks';
import type { JobState } from '../../../shared/protocol.js';
import { bytes, fullTime } from '../lib/format.js';
import { useSession } from '../session-context.js';
import { hueOf } from '../ui/hue.js';
import { Icon } from '../ui/icon.js';
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
      return <Download jobId={job.jobId} outcome={outcome} />;
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

/** A file to be had. It is fetched by the page, because a plain link could not say who asks. */
function Download({ jobId, outcome }: { jobId: string; outcome: Extract<JobOutcome, { kind: 'export' }> }) {
  const { http, toasts } = useSession();
  const [fetching, setFetching] = useState(false);
  const download = async () => {
    setFetching(true);
    try {
      const { name, blob } = await http.jobFile(jobId);
      save(name, blob);
    } catch (error) {
      toasts.show((error as Error).message);
    } finally {
      setFetching(false);
    }
  };
  return (
    <div class="download">
      <button type="button" class="button small" onClick={() => void download()} disabled={fetching} data-testid="job-download">
        <Icon name="download" />
        Download
      </button>
      <span>{outcome.file}</span>
      <span class="muted">
        {bytes(outcome.bytes)}, {WHOLE.format(outcome.messages)} messages
      </span>
    </div>
  );
}

function save(name: string, blob: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken the file over by the next turn.
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
