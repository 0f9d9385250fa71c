import { useEffect, useState } from 'preact/hooks';
import type { JobNews, JobState, User } from '../../../shared/protocol.js';
import { titleOf } from '../jobs/job-forms.js';
import { hasEnded, statusLine } from '../jobs/job-list.js';
import { JobChip, JobProgress } from '../jobs/job-progress.js';
import { JobResult } from '../jobs/job-result.js';
import { clockTime, fullTime } from '../lib/format.js';
import { useStore } from '../lib/use-store.js';
import { useSession } from '../session-context.js';
import { Icon } from '../ui/icon.js';
import type { ChatRoom } from './chat-room.js';
import type { Row } from './timeline.js';

interface JobRowProps {
  row: Extract<Row, { kind: 'job' }>;
  chat: ChatRoom;
  selfId: string;
}

/** A job that reaches the room: who handed it in and how far it is, and then, where its end was told, what became of it. */
export function JobRow({ row: { key, news, time, over }, chat, selfId }: JobRowProps) {
  const followed = useFollowed(news, !over);
  const job = over ? news : followed;
  const title = titleOf(news.name);
  return (
    <article
      class="job-line"
      data-key={key}
      data-testid="chat-job"
      data-state={job.state}
      tabIndex={-1}
      aria-label={`${title}, ${job.state}`}
    >
      <Icon name="jobs" />
      <div class="job-line-body">
        <header>
          <span>
            <Owner id={news.owner} chat={chat} selfId={selfId} /> handed in <strong>{title}</strong>
          </span>
          {!(over && news.state === 'queued') && <JobChip state={job.state} />}
          <time class="message-time numbers" dateTime={new Date(time).toISOString()} title={fullTime(time)}>
            {clockTime(time)}
          </time>
        </header>
        {job.state === 'active' && <JobProgress job={job} title={title} />}
        {(job.state === 'active' || hasEnded(job)) && <p class="muted">{statusLine(job)}</p>}
        {job.state === 'done' && <Result job={job} />}
      </div>
    </article>
  );
}

/** The states of a job that has not ended, as far as the room's readers may follow it. */
function useFollowed(news: JobNews, isOpen: boolean): JobState {
  const { hub } = useSession();
  const [state, setState] = useState<JobState>(news);
  useEffect(() => {
    if (!isOpen) return;
    const job = hub.job(news.jobId);
    job.onState(setState);
    return () => job.leave();
  }, [hub, news.jobId, isOpen]);
  return state;
}

/** By the name that the room knows. */
function Owner({ id, chat, selfId }: { id: string; chat: ChatRoom; selfId: string }) {
  const present = useStore(chat.presence);
  const isOwner = (user: User) => user.id === id;
  if (id === selfId) return <strong>You</strong>;
  if (id === 'hub') return <strong>The hub</strong>;
  const named = present.users?.find(isOwner) ?? chat.log.get().messages.find(({ from }) => isOwner(from))?.from;
  return <strong>{named?.name ?? id}</strong>;
}

/** What came out, where somebody asks for it; a large result is fetched then. */
function Result({ job }: { job: JobState }) {
  const { hub, toasts } = useSession();
  const [shown, setShown] = useState<JobState | undefined>(job.result === undefined ? undefined : job);
  const open = ({ currentTarget }: { currentTarget: HTMLDetailsElement }) => {
    if (!currentTarget.open || shown) return;
    hub.request('job:get', { jobId: job.jobId }).then(setShown, (error: Error) => toasts.show(error.message));
  };
  return (
    <details onToggle={open} data-testid="chat-job-result">
      <summary>Result</summary>
      {shown && (shown.result === undefined ? <p class="muted">It gave none.</p> : <JobResult job={shown} />)}
    </details>
  );
}
