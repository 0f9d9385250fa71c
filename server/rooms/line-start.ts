import { BOUNDS } from '../../shared/limits.js';
import type { PositionParts } from '../../shared/position.js';
import type { LogLine, SubscribeRequest } from '../../shared/schemas.js';
import type { LineGroup } from './line-group.js';
import type { LogReads } from './log-reads.js';
import type { RoomFeed } from './room-feed.js';
import { findStart, type Start } from './subscribe.js';

/**
 * As `findStart`, by lines: with a `since` that the log reaches back to, those of the first page of what was missed; otherwise the newest
 * `last` lines that pass, of the newest `BOUNDS.keySearchMessages` messages.
 * @throws HubError as `findStart`
 */
export async function findLineStart(
  feed: RoomFeed,
  reads: LogReads,
  group: LineGroup,
  { since, last = 0, room }: SubscribeRequest,
): Promise<Start> {
  if (since !== undefined) {
    const { recovered, entries, at } = await findStart(feed, reads, { room, since });
    if (recovered) return { recovered, entries: [], at, lines: entries.flatMap((entry) => group.passing(entry)) };
  }
  const at = { epoch: feed.epoch, seq: feed.last };
  return { recovered: false, entries: [], at, lines: await newestLines(reads, group, at, last) };
}

/** The newest lines up to `at` that pass, oldest first. */
async function newestLines(reads: LogReads, group: LineGroup, { epoch, seq }: PositionParts, most: number): Promise<LogLine[]> {
  let lines: LogLine[] = [];
  const oldest = Math.max(seq - BOUNDS.keySearchMessages, 0);
  for (let before = seq + 1; lines.length < most && before > oldest + 1; ) {
    const page = await reads.read(group.room, { after: oldest, before, limit: BOUNDS.pageMessages, from: 'newest' });
    const first = page.entries[0];
    if (!first || page.epoch !== epoch) break;
    lines = [...page.entries.flatMap((entry) => group.passing(entry)), ...lines];
    before = first.seq;
  }
  return lines.slice(-most);
}
