import { parsePosition } from '../../../shared/position.js';
import type { Message } from '../../../shared/protocol.js';
import type { RoomName } from '../../../shared/rooms.js';
import type { LogEntry } from '../../log/room-log.js';
import type { RoomReader } from '../room-reader.js';
import { isObject } from './message-text.js';

/** Characters of edits that are held; past it an edit's text is read again from the log when its target comes. */
const HELD_CHARS = 4 * 1024 * 1024;

/** In the stored text of a message that deletes another. */
export const DELETION = '"type":"delete"';

const TYPE = '"type":"';
/** What follows it in the stored text of messages that are about others. */
const REVISIONS = ['edit"', 'delete"'];

/**
 * False: the entry is surely not about another message. Told by its stored text, which costs far less than decoding it: that begins with id
 * and type, and no quote within an id is a bare one.
 */
export function mayRevise({ text }: Pick<LogEntry, 'text'>): boolean {
  if (text === undefined) return true;
  const at = text.indexOf(TYPE) + TYPE.length;
  return REVISIONS.some((revision) => text.startsWith(revision, at));
}

/** Whether a message is about another, and none of its own. */
export const isRevision = ({ type }: Pick<Message, 'type'>): boolean => type === 'edit' || type === 'delete';

/** A message as it is now; undefined: it was deleted. */
export type Current = { readonly message: Message; readonly edited: boolean } | undefined;

/** In place of an edit's seq. */
const DELETED = -1;
/** In place of an edit's text. */
const GONE = Symbol('gone');

/**
 * What became of the messages of a room: edits and deletions are messages of their own, later in the log than what they are about. Note
 * them all first (or go through the log from its newest end), then ask for each message. Who may edit what was checked when it
 * was published.
 */
export class Revisions {
  /** The newest revision of each target, by seq. */
  private readonly newest = new Map<number, number>();
  private readonly texts = new Map<number, string>();
  private heldChars = 0;

  constructor(
    private readonly rooms: Pick<RoomReader, 'entry'>,
    private readonly room: RoomName,
  ) {}

  /** True: the entry is about another message, and no message of its own. */
  note({ epoch, seq, message }: LogEntry): boolean {
    if (!isRevision(message)) return false;
    const target = targetOf(message, epoch);
    const known = target === undefined ? DELETED : (this.newest.get(target) ?? 0);
    if (target === undefined || known === DELETED) return true;
    if (message.type === 'delete') {
      this.newest.set(target, DELETED);
      this.drop(target);
    } else if (seq > known) {
      this.newest.set(target, seq);
      this.hold(target, message);
    }
    return true;
  }

  /** Whether something is known that became of the entry. */
  isRevised({ seq }: Pick<LogEntry, 'seq'>): boolean {
    return this.newest.has(seq);
  }

  /** The message as it is now; undefined when it was deleted. Ask once for each: what is known of it is forgotten. */
  current(entry: LogEntry): Current | Promise<Current> {
    const revision = this.newest.get(entry.seq);
    if (revision === undefined) return { message: entry.message, edited: false };
    this.newest.delete(entry.seq);
    return revision === DELETED ? undefined : this.edited(entry, revision);
  }

  private async edited({ seq, message }: LogEntry, revision: number): Promise<Current> {
    const text = this.texts.get(seq) ?? (await this.readText(revision));
    this.drop(seq);
    if (text === GONE) return undefined;
    if (text === undefined) return { message, edited: false };
    const data = isObject(message.data) ? { ...message.data, text } : { text };
    return { message: { ...message, data }, edited: true };
  }

  /** An edit that was trimmed meanwhile came after its target, which is gone too. */
  private async readText(revision: number): Promise<string | undefined | typeof GONE> {
    const entry = await this.rooms.entry(this.room, revision);
    return entry ? textOf(entry.message) : GONE;
  }

  private hold(target: number, edit: Message): void {
    this.drop(target);
    const text = textOf(edit);
    if (text === undefined || this.heldChars + text.length > HELD_CHARS) return;
    this.texts.set(target, text);
    this.heldChars += text.length;
  }

  private drop(target: number): void {
    this.heldChars -= this.texts.get(target)?.length ?? 0;
    this.texts.delete(target);
  }
}

function targetOf({ data }: Message, epoch: string): number | undefined {
  if (!isObject(data) || typeof data.target !== 'string') return undefined;
  try {
    const target = parsePosition(data.target);
    return target.epoch === epoch ? target.seq : undefined;
  } catch {
    return undefined;
  }
}

function textOf(message: Message | undefined): string | undefined {
  return isObject(message?.data) && typeof message.data.text === 'string' ? message.data.text : undefined;
}
