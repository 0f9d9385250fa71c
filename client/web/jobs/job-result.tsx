import type { JobState } from '../../../shared/protocol.js';

/** What a job gave, as its handler's results are best read. */
export function JobResult({ job }: { job: JobState }) {
  return <pre data-testid="job-result">{JSON.stringify(job.result, null, 2)}</pre>;
}
