import { useEffect, useState } from 'preact/hooks';
import { useStore } from '../lib/use-store.js';
import { useSession } from '../session-context.js';
import { Empty } from '../ui/empty.js';
import { Segments } from '../ui/segments.js';
import { JobCard } from './job-card.js';
import { JobFormCard } from './job-form.js';
import { JOB_FORMS } from './job-forms.js';

const SHOWN = [
  ['all', 'All'],
  ['failed', 'Failed'],
] as const;

/** Heavy work: hand it in, see how far it is, have its result. */
export function JobsPage() {
  const { jobs, state, toasts } = useSession();
  const list = useStore(jobs.jobs);
  const online = useStore(state) === 'online';
  const [chosen, setChosen] = useState(JOB_FORMS[0]!.name);
  const form = JOB_FORMS.find(({ name }) => name === chosen)!;
  const [only, setOnly] = useState<'all' | 'failed'>('all');
  const shown = only === 'all' ? list : list.filter((job) => job.state === 'failed');
  useEffect(() => {
    if (online) jobs.refresh(only === 'all' ? undefined : only).catch((error: Error) => toasts.show(error.message));
  }, [jobs, online, only]);
  return (
    <>
      <header class="page-header">
        <h1>Jobs</h1>
        <p class="muted only-wide">Heavy work runs beside the hub, never in its way.</p>
        <span class="spacer" />
        <Segments label="Jobs shown" options={SHOWN} value={only} onChange={setOnly} />
      </header>
      <div class="page-body scrolls">
        <div class="jobs">
          <section class="card job-new" aria-label="New job">
            <Segments
              label="Job"
              options={JOB_FORMS.map(({ name, title }) => [name, title] as const)}
              value={chosen}
              onChange={setChosen}
            />
            <JobFormCard key={form.name} form={form} />
          </section>
          <section class="job-list" aria-label="Your recent jobs" data-testid="job-list">
            {shown.length === 0 ? (
              <div class="card">
                {only === 'failed' ? (
                  <Empty icon="check" title="No job has failed" />
                ) : (
                  <Empty icon="jobs" title="No jobs yet">
                    What you run appears here with its progress and its result.
                  </Empty>
                )}
              </div>
            ) : (
              shown.map((job) => <JobCard key={job.jobId} job={job} />)
            )}
          </section>
        </div>
      </div>
    </>
  );
}
