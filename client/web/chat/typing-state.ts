import type { User } from '../../../shared/protocol.js';

/** A typing user counts for this long; clients repeat it every 2 seconds while somebody types. */
export const TYPING_MS = 5000;

export interface Typist extends User {
  /** Milliseconds since 1970 at which it no longer counts. */
  readonly until: number;
}

export function someoneTypes(typists: readonly Typist[], user: User, now: number): readonly Typist[] {
  return [...typists.filter(({ id }) => id !== user.id), { ...user, until: now + TYPING_MS }];
}

/** What somebody typed has arrived. */
export function stoppedTyping(typists: readonly Typist[], userId: string): readonly Typist[] {
  return typists.some(({ id }) => id === userId) ? typists.filter(({ id }) => id !== userId) : typists;
}

export function stillTyping(typists: readonly Typist[], now: number): readonly Typist[] {
  return typists.some(({ until }) => until <= now) ? typists.filter(({ until }) => until > now) : typists;
}

/** The line below the messages; empty when nobody types. */
export function typingLine(typists: readonly Typist[]): string {
  const names = typists.map(({ name }) => name);
  if (names.length === 0) return '';
  if (names.length === 1) return `${names[0]} is typing`;
  if (names.length === 2) return `${names[0]} and ${names[1]} are typing`;
  return `${names.length} people are typing`;
}
