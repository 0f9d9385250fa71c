import type { Message } from '../../../shared/protocol.js';
import type { LogLine } from '../../../shared/schemas.js';

/** The lines that a message carries, where it is one of a log room. */
export function linesOf({ type, data }: Pick<Message, 'type' | 'data'>): LogLine[] | undefined {
  const lines = type === 'lines' && isObject(data) ? data.lines : undefined;
  return Array.isArray(lines) ? lines.filter((line): line is LogLine => isObject(line) && typeof line.text === 'string') : undefined;
}

/** What there is to read in a message: its text, or the text of each of its lines. */
export function textsOf(message: Pick<Message, 'type' | 'data'>): string[] {
  const { data } = message;
  if (typeof data === 'string') return [data];
  if (isObject(data) && typeof data.text === 'string') return [data.text];
  return linesOf(message)?.map(({ text }) => text) ?? [];
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
