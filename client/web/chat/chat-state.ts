import { parsePosition } from '../../../shared/position.js';
import type { JobNews, Message, MessageData, User } from '../../../shared/protocol.js';
import { type Change, changeOf, type Resolved, resolve } from './changes.js';
import { jobNewsOf } from './job-news.js';

/** Messages and changes held for a reader at the newest end; who scrolls back gets older ones from the hub again. */
export const KEPT_FOLLOWING = 2000;
/** The same for a reader who scrolled back: what is being read must not go away. */
export const KEPT_READING = 10_000;

/** A message as it now stands, its edits, deletion and reactions applied. */
export interface ChatMessage extends Resolved {
  readonly seq: number;
  readonly position: string;
  readonly id: string;
  readonly from: User;
  readonly time: number;
  /** In place of a text: the hub tells of a job that reaches the room. */
  readonly job?: JobNews;
}

/** An own message on its way: the log does not have it yet, as far as this page knows. */
export interface Outgoing {
  readonly id: string;
  readonly text: string;
  readonly time: number;
  readonly state: 'queued' | 'sent' | 'stored' | 'failed';
  readonly error?: string;
}

/** Messages are missing between `after` and the next message held. `lost`: the hub has none of them any more. */
export interface GapMark {
  readonly after: number;
  readonly lost: boolean;
}

/**
 * One stretch of a room's log, up to its newest message and contiguous but for `gaps`, and what is on its way there.
 * Changes (edits, deletions, reactions) are kept by their target's seq, known or not: pages come newest first.
 */
export interface ChatState {
  readonly epoch: string;
  readonly messages: readonly ChatMessage[];
  readonly changes: ReadonlyMap<number, readonly Change[]>;
  readonly gaps: readonly GapMark[];
  readonly outgoing: readonly Outgoing[];
  /** Seqs of the oldest and newest message held, of any type. */
  readonly oldest: number;
  readonly newest: number;
  /** The log holds messages older than `oldest`. */
  readonly more: boolean;
}

export type ChatAction =
  /** New messages; `keep`: how many to hold at most. */
  | { kind: 'received'; messages: readonly Message[]; keep: number }
  /** A page of history; `more`: the log holds older ones. */
  | { kind: 'older'; messages: readonly Message[]; more: boolean }
  /** What follows does not join what is held, which ends at `after`; `position` is of the log as it is now. */
  | { kind: 'gap'; after?: string | undefined; position: string }
  /** A page of history from inside a gap; `more`: the log holds older ones. */
  | { kind: 'filled'; after: number; messages: readonly Message[]; more: boolean }
  | { kind: 'outgoing'; message: Outgoing }
  | { kind: 'delivery'; id: string; state: Outgoing['state']; error?: string }
  | { kind: 'discarded'; id: string };

export const EMPTY_CHAT: ChatState = {
  epoch: '',
  messages: [],
  changes: new Map(),
  gaps: [],
  outgoing: [],
  oldest: Number.POSITIVE_INFINITY,
  newest: 0,
  more: true,
};

export function chatReducer(state: ChatState, action: ChatAction): ChatState {
  switch (action.kind) {
    case 'received':
      return trim(action.messages.reduce(receive, state), action.keep);
    case 'older':
      return { ...ofEpoch(state, action.messages).reduce(receive, state), more: action.more };
    case 'gap':
      return addGap(state, action);
    case 'filled':
      return fillGap(state, action);
    case 'outgoing':
      return { ...state, outgoing: [...state.outgoing.filter(({ id }) => id !== action.message.id), action.message] };
    case 'delivery':
      return { ...state, outgoing: state.outgoing.map((message) => (message.id === action.id ? delivered(message, action) : message)) };
    case 'discarded':
      return { ...state, outgoing: state.outgoing.filter(({ id }) => id !== action.id) };
  }
}

function delivered({ error: _, ...message }: Outgoing, { state, error }: { state: Outgoing['state']; error?: string }): Outgoing {
  return error === undefined ? { ...message, state } : { ...message, state, error };
}

/** Takes in one message of the log, wherever in the order it belongs; one that is known changes nothing. */
function receive(state: ChatState, message: Message): ChatState {
  const { epoch, seq } = parsePosition(message.position);
  if (epoch !== state.epoch) return receive(startOver(state, epoch), message);
  const known = { ...state, oldest: Math.min(state.oldest, seq), newest: Math.max(state.newest, seq) };
  const change = changeOf(message, seq);
  if (change) return addChange(known, change);
  const job = jobNewsOf(message);
  if (message.type !== 'text' && !job) return known;
  return addShown(known, message as Message<MessageData['text']>, seq, job);
}

/** Another epoch is another log: what is held has no place in its order. */
function startOver(state: ChatState, epoch: string): ChatState {
  const gaps = state.epoch === '' ? [] : [{ after: 0, lost: true }];
  return { ...EMPTY_CHAT, outgoing: state.outgoing, epoch, gaps };
}

function ofEpoch(state: ChatState, messages: readonly Message[]): readonly Message[] {
  return messages.filter((message) => state.epoch === '' || parsePosition(message.position).epoch === state.epoch);
}

function addShown(state: ChatState, message: Message<MessageData['text']>, seq: number, job: JobNews | undefined): ChatState {
  const at = insertionPoint(state.messages, seq);
  if (state.messages[at]?.seq === seq) return state;
  const { position, id, from, time } = message;
  const text = job ? '' : textOf(message.data);
  const original = { seq, position, id, from, time, text, edited: false, deleted: false, reactions: [], ...(job && { job }) };
  const shown = { ...original, ...resolve(original, state.changes.get(seq) ?? []) };
  const outgoing = state.outgoing.some((own) => own.id === id) ? state.outgoing.filter((own) => own.id !== id) : state.outgoing;
  return { ...state, messages: state.messages.toSpliced(at, 0, shown), outgoing };
}

function addChange(state: ChatState, change: Change): ChatState {
  const before = state.changes.get(change.target) ?? [];
  if (before.some(({ seq }) => seq === change.seq)) return state;
  const all = [...before, change].sort((a, b) => a.seq - b.seq);
  const at = insertionPoint(state.messages, change.target);
  const target = state.messages[at];
  const messages = target?.seq === change.target ? state.messages.with(at, { ...target, ...resolve(target, all) }) : state.messages;
  return { ...state, messages, changes: new Map(state.changes).set(change.target, all) };
}

function addGap(state: ChatState, { after, position }: { after?: string | undefined; position: string }): ChatState {
  const { epoch } = parsePosition(position);
  if (epoch !== state.epoch) return startOver(state, epoch);
  const mark = { after: after === undefined ? state.newest : parsePosition(after).seq, lost: false };
  return state.gaps.some((gap) => gap.after === mark.after) ? state : { ...state, gaps: [...state.gaps, mark] };
}

/** The gap closes when a page reaches what is held before it; where the log has no more, the rest is lost. */
function fillGap(state: ChatState, { after, messages, more }: { after: number; messages: readonly Message[]; more: boolean }): ChatState {
  const page = ofEpoch(state, messages);
  const joins = page.some(({ position }) => parsePosition(position).seq <= after + 1);
  const gaps = state.gaps.flatMap((gap) => {
    if (gap.after !== after) return [gap];
    return joins ? [] : [{ ...gap, lost: !more }];
  });
  return { ...page.reduce(receive, state), gaps };
}

/** Lets go of the oldest part of a stretch that has grown too long: a quarter, so that a busy room does not trim on each message. */
function trim(state: ChatState, keep: number): ChatState {
  let held = state.messages.length;
  for (const changes of state.changes.values()) held += changes.length;
  if (held <= keep) return state;
  const seqs = [...state.messages, ...[...state.changes.values()].flat()].map(({ seq }) => seq).sort((a, b) => b - a);
  const oldest = seqs[Math.ceil(keep * 0.75) - 1]!;
  const changes = new Map<number, readonly Change[]>();
  for (const [target, all] of state.changes) {
    const kept = all.filter(({ seq }) => seq >= oldest);
    if (kept.length > 0) changes.set(target, kept);
  }
  const messages = state.messages.filter(({ seq }) => seq >= oldest);
  return { ...state, messages, changes, gaps: state.gaps.filter(({ after }) => after >= oldest), oldest, more: true };
}

/** Index of the first message that is not older than `seq`. */
function insertionPoint(messages: readonly ChatMessage[], seq: number): number {
  let low = 0;
  let high = messages.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (messages[middle]!.seq < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Anyone may publish anything as `text`: what has no text is shown as its JSON. */
function textOf(data: unknown): string {
  const text = (data as { text?: unknown } | null)?.text;
  if (typeof text === 'string') return text;
  return typeof data === 'string' ? data : (JSON.stringify(data) ?? '');
}
