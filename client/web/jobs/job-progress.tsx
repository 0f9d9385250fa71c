import type { JobState, JobStatus } from '../../../shared/protocol.js';
import { progressOf } from './job-list.js';

const TONES: Record<JobStatus, string> = { queued: '', active: 'accent', done: 'good', failed: 'bad', cancelled: 'warn' };

export function JobChip({ state }: Pick<JobState, 'state'>) {
  return (
    <span class={`chip ${TONES[state]}`} data-testid="job-state">
      {state}
    </span>
  );
}

/** How far a job is. */
export function JobProgress({ job, title }: { job: JobState; title: string }) {
  const done = progressOf(job);
  const percent = Math.floor(done * 100);
  return (
    <div class="progress-line">
      <div
        class="progress"
        role="progressbar"
        aria-label={`Progress of ${title}`}
        aria-valuenow={percent}
        aria-valuemin={0}
        aria-valuemax={100}
        data-testid="job-progress"
      >
        <div class="progress-bar" style={{ transform: `scaleX(${done})` }} />
      </div>
      <span class="numbers muted">{percent} %</span>
    </div>
  );
}
