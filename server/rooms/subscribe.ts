import { BOUNDS } from '../../shared/limits.js';
import { parsePosition } from '../../shared/position.js';
import type { LogLine, SubscribeRequest } from '../../shared/schemas.js';
import type { LogEntry } from '../log/room-log.js';
import type { LogReads } from './log-reads.js';
import type { RoomFeed } from './room-feed.js';

/** Where a subscription begins: what its acknowledgement carries, and the place from which the rest follows. */
export interface Start {
  readonly recovered: boolean;
  readonly entries: readonly LogEntry[];
  /** With a filter, in place of `entries`. */
  readonly lines?: LogLine[];
  readonly at: { readonly epoch: string; readonly seq: number };
  /** A job's end that the subscriber has already, where nothing came after it. */
  readonly knownEnd?: LogEntry;
}

/**
 * Finds a subscriber's beginning. With a `since` that the log still reaches back to: the first page of what was missed, the rest
 * follows as events. Otherwise: the newest `last` messages.
 * @throws HubError `invalid` for a malformed `since`, `unavailable` when the log cannot be read
 */
export async function findStart(feed: RoomFeed, reads: LogReads, { since, last = 0 }: SubscribeRequest): Promise<Start> {
  if (since !== undefined) {
    const missed = await entriesSince(feed, reads, since);
    if (missed) return startAfter(feed, missed.entries, true, missed.seq);
  }
  if (last === 0) return { recovered: false, entries: [], at: { epoch: feed.epoch, seq: feed.last } };
  const recent = feed.recentAfter(Math.max(feed.last - last, 0));
  const entries = recent ?? (await reads.read(feed.room, { limit: Math.min(last, BOUNDS.pageMessages), from: 'newest' })).entries;
  return startAfter(feed, entries, false, feed.last);
}

/** Undefined: the log cannot say what came after `since`. */
async function entriesSince(feed: RoomFeed, reads: LogReads, since: string) {
  const { epoch, seq } = parsePosition(since);
  if (epoch === feed.epoch && seq <= feed.last) {
    const recent = feed.recentAfter(seq);
    if (recent && recent.length <= BOUNDS.pageMessages) return { entries: recent, seq };
  }
  const page = await reads.read(feed.room, { after: seq, limit: BOUNDS.pageMessages, from: 'oldest' });
  const reachable = page.epoch === epoch && seq <= page.last && page.first <= seq + 1;
  return reachable ? { entries: page.entries, seq } : undefined;
}

function startAfter(feed: RoomFeed, entries: readonly LogEntry[], recovered: boolean, seq: number): Start {
  const last = entries.at(-1);
  return { recovered, entries, at: last ? { epoch: last.epoch, seq: last.seq } : { epoch: feed.epoch, seq } };
}
