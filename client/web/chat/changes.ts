import { parsePosition } from '../../../shared/position.js';
import type { Message } from '../../../shared/protocol.js';

/** The longest reaction; a joined emoji takes more than one character. */
const EMOJI_CHARS = 32;

/** An edit, a deletion or a reaction, with the seq of the message that it is about. */
export type Change = { readonly seq: number; readonly target: number; readonly by: string } & (
  | { readonly kind: 'edit'; readonly text: string }
  | { readonly kind: 'delete' }
  | { readonly kind: 'reaction'; readonly emoji: string; readonly on: boolean; readonly name: string }
);

export interface Reaction {
  readonly emoji: string;
  /** Who reacted, first first. */
  readonly users: readonly { id: string; name: string }[];
}

/** What changes make of a message. */
export interface Resolved {
  readonly text: string;
  /** The text before any edit; needed to resolve again when an older change turns up. */
  readonly original?: string;
  readonly edited: boolean;
  readonly deleted: boolean;
  readonly reactions: readonly Reaction[];
}

/** The change that a message is, or undefined: it is no change, its data is malformed, or its target is of another epoch. */
export function changeOf(message: Message, seq: number): Change | undefined {
  const data: Record<string, unknown> = typeof message.data === 'object' && message.data !== null ? { ...message.data } : {};
  const target = targetSeq(message, data.target);
  if (target === undefined) return undefined;
  const base = { seq, target, by: message.from.id };
  const { text, emoji, on } = data;
  if (message.type === 'edit' && typeof text === 'string') return { ...base, kind: 'edit', text };
  if (message.type === 'delete') return { ...base, kind: 'delete' };
  if (message.type === 'reaction' && typeof emoji === 'string' && emoji.length <= EMOJI_CHARS && typeof on === 'boolean') {
    return { ...base, kind: 'reaction', emoji, on, name: message.from.name };
  }
  return undefined;
}

function targetSeq(message: Message, target: unknown): number | undefined {
  if (typeof target !== 'string') return undefined;
  try {
    const { epoch, seq } = parsePosition(target);
    return epoch === parsePosition(message.position).epoch ? seq : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A message after all its changes, given in order of seq. Only the author's edits and deletions count; a deletion is final; of one
 * user's reactions with one emoji the last counts.
 */
export function resolve(
  message: { from: { id: string }; text: string; original?: string },
  changes: readonly Change[],
): Resolved & { original: string } {
  const original = message.original ?? message.text;
  let text = original;
  let deleted = false;
  const reactions = new Map<string, Map<string, string>>();
  for (const change of changes) {
    if (change.kind === 'reaction') react(reactions, change);
    else if (change.by !== message.from.id) continue;
    else if (change.kind === 'delete') deleted = true;
    else text = change.text;
  }
  const edited = changes.some(({ kind, by }) => kind === 'edit' && by === message.from.id);
  return { original, text: deleted ? '' : text, edited, deleted, reactions: deleted ? [] : listed(reactions) };
}

function react(reactions: Map<string, Map<string, string>>, change: Extract<Change, { kind: 'reaction' }>): void {
  const users = reactions.get(change.emoji) ?? new Map<string, string>();
  if (change.on) users.set(change.by, change.name);
  else users.delete(change.by);
  if (users.size > 0) reactions.set(change.emoji, users);
  else reactions.delete(change.emoji);
}

function listed(reactions: Map<string, Map<string, string>>): Reaction[] {
  return [...reactions].map(([emoji, users]) => ({ emoji, users: [...users].map(([id, name]) => ({ id, name })) }));
}
