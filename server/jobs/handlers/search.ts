import type { z } from 'zod';
import type { User } from '../../../shared/protocol.js';
import type { RoomName } from '../../../shared/rooms.js';
import type { LogEntry } from '../../log/room-log.js';
import type { JobContext } from '../handler.js';
import { fold, wordsOf } from './fold.js';
import type { searchInput } from './inputs.js';
import { textsOf } from './message-text.js';
import { mayRevise, Revisions } from './revisions.js';

/** One message that has all the words. */
export interface SearchHit {
  position: string;
  id: string;
  type: string;
  time: number;
  from: User;
  /** The text around the first word that was found. */
  text: string;
  edited?: true;
}

export interface SearchResult {
  /** Newest first. */
  hits: SearchHit[];
  /** Messages looked at, of so many in the room. */
  scanned: number;
  total: number;
  /** There may be older hits: the limit was reached before the end. */
  more: boolean;
}

/** So many are looked through without a word while there is no hit: progress has five turns a second, and one that shows nothing would delay the first hits. */
const QUIET_MESSAGES = 100_000;

/** Looks through a room's whole history, newest first, at its texts as they are now: edited, and without the deleted ones. */
export async function run({ room, query, limit }: z.output<typeof searchInput>, context: JobContext): Promise<SearchResult> {
  const { rooms, progress, signal } = context;
  const words = wordsOf(query);
  const name = room as RoomName;
  const revisions = new Revisions(rooms, name);
  const { first, last } = await rooms.ends(name);
  const found: SearchResult = { hits: [], scanned: 0, total: last - first + 1, more: false };

  for await (const page of rooms.pages(name, { order: 'newest', before: last + 1 })) {
    signal.throwIfAborted();
    for (const entry of page) {
      found.scanned++;
      if (!revisions.isRevised(entry) && cannotMatter(entry, words)) continue;
      if (revisions.note(entry)) continue;
      const asked = revisions.current(entry);
      // Almost none was edited: a million pauses for nothing would be felt.
      const current = asked instanceof Promise ? await asked : asked;
      const text = current && textsOf(current.message).find((candidate) => hasAll(candidate, words));
      if (!current || text === undefined) continue;
      const { position, id, type, time, from } = entry.message;
      found.hits.push({ position, id, type, time, from, text: excerpt(text, words), ...(current.edited && { edited: true as const }) });
      if (found.hits.length === limit) {
        found.more = found.scanned < found.total;
        return found;
      }
    }
    const { hits, scanned, total } = found;
    if (hits.length === 0 && scanned < Math.min(QUIET_MESSAGES, total)) continue;
    progress(Math.min(1, scanned / total), { note: `${hits.length} found in ${scanned} of ${total} messages`, data: found });
  }
  return found;
}

/**
 * Almost no entry of a long history is a hit: most are told by their stored text, without being decoded. Letters and digits stand in JSON as
 * they are, so a word that is not in the text is not in the message.
 */
function cannotMatter(entry: LogEntry, words: readonly string[]): boolean {
  return !mayRevise(entry) && !hasAll(entry.text!, words);
}

function hasAll(text: string, words: readonly string[]): boolean {
  const folded = fold(text);
  return words.every((word) => folded.includes(word));
}

const EXCERPT_CHARS = 240;
const CHARS_BEFORE = 60;

/** Folding may change a text's length: the place of the first word is found by proportion, which is near enough to show it. */
export function excerpt(text: string, words: readonly string[]): string {
  if (text.length <= EXCERPT_CHARS) return text;
  const folded = fold(text);
  const places = words.map((word) => folded.indexOf(word)).filter((at) => at >= 0);
  const at = Math.floor((Math.min(...places, folded.length) * text.length) / Math.max(1, folded.length));
  const start = Math.max(0, Math.min(at - CHARS_BEFORE, text.length - EXCERPT_CHARS));
  const end = start + EXCERPT_CHARS;
  return `${start > 0 ? '…' : ''}${whole(text, start, end)}${end < text.length ? '…' : ''}`;
}

/** A part of a text that begins and ends with whole characters. */
function whole(text: string, start: number, end: number): string {
  const isLow = (at: number) => at > 0 && at < text.length && (text.charCodeAt(at) & 0xfc00) === 0xdc00;
  return text.slice(isLow(start) ? start + 1 : start, isLow(end) ? end - 1 : end);
}
