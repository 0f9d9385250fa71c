import type { JobNews } from '../../../shared/protocol.js';
import type { ChatMessage, GapMark, Outgoing } from './chat-state.js';
import { endedJobs } from './job-news.js';

/** One row of the message list. `key` is stable while the row exists. */
export type Row =
  | { readonly kind: 'day'; readonly key: string; readonly time: number }
  | { readonly kind: 'gap'; readonly key: string; readonly gap: GapMark }
  | { readonly kind: 'unread'; readonly key: string }
  /** `first`: it starts a group, so it shows its author and time. */
  /** `over`: its end is told further down, or here. */
  | { readonly kind: 'job'; readonly key: string; readonly news: JobNews; readonly time: number; readonly over: boolean }
  | { readonly kind: 'message'; readonly key: string; readonly message: ChatMessage; readonly first: boolean }
  | { readonly kind: 'outgoing'; readonly key: string; readonly message: Outgoing; readonly first: boolean };

/** Messages of one author that follow each other within this time are one group. */
const GROUP_MS = 5 * 60_000;

export interface TimelineInput {
  readonly messages: readonly ChatMessage[];
  readonly gaps: readonly GapMark[];
  readonly outgoing: readonly Outgoing[];
  /** The own user id: outgoing messages join a group of own ones. */
  readonly selfId: string;
  /** The newest seq that had been read when the room was opened. */
  readonly readUpTo?: number;
}

/** The rows of a room: its messages with days, gaps and the border of the unread ones between them, then what is on its way. */
export function timeline({ messages, gaps, outgoing, selfId, readUpTo }: TimelineInput): Row[] {
  const rows: Row[] = [];
  const openGaps = [...gaps];
  const over = endedJobs(messages.flatMap(({ job }) => job ?? []));
  let author = '';
  let time = Number.NEGATIVE_INFINITY;
  let unreadShown = readUpTo === undefined;
  const breakGroup = (row: Row) => {
    rows.push(row);
    author = '';
  };
  const day = (at: number) => {
    if (!sameDay(time, at)) breakGroup({ kind: 'day', key: `day-${dayKey(at)}`, time: at });
  };
  const follows = (id: string, at: number) => id === author && at - time < GROUP_MS;

  for (const message of messages) {
    const passed = openGaps.filter(({ after }) => after < message.seq);
    openGaps.splice(0, passed.length);
    if (passed.length > 0) breakGroup(gapRow(passed));
    day(message.time);
    if (!unreadShown && message.seq > readUpTo! && message.from.id !== selfId) {
      unreadShown = true;
      breakGroup({ kind: 'unread', key: 'unread' });
    }
    const { job } = message;
    if (job) breakGroup({ kind: 'job', key: message.position, news: job, time: message.time, over: over.has(job.jobId) });
    else rows.push({ kind: 'message', key: message.position, message, first: !follows(message.from.id, message.time) });
    if (!job) author = message.from.id;
    time = message.time;
  }
  if (openGaps.length > 0) breakGroup(gapRow(openGaps));
  for (const message of outgoing) {
    day(Math.max(message.time, time));
    rows.push({ kind: 'outgoing', key: `out-${message.id}`, message, first: !follows(selfId, message.time) });
    author = selfId;
    time = Math.max(message.time, time);
  }
  return rows;
}

/** Gaps with nothing between them are one. */
function gapRow(gaps: readonly GapMark[]): Row {
  const gap = gaps[0]!;
  return { kind: 'gap', key: `gap-${gap.after}`, gap };
}

function dayKey(time: number): string {
  const date = new Date(time);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

function sameDay(a: number, b: number): boolean {
  return Number.isFinite(a) && dayKey(a) === dayKey(b);
}
