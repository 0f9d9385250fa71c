import type { Request } from 'express';
import { HubError } from '../../../shared/errors.js';
import type { LogLevel, LogLine } from '../../../shared/schemas.js';
import { isJoinRule, JOIN_RULES, type JoinRule } from './line-rules.js';
import { levelOf } from './log-level.js';

/** What a sender of lines asks for beside them. */
export interface LineWishes {
  /** Left out: as the room has it. */
  readonly multiline?: JoinRule;
  /** The body may come again, under this key; its lines are stored once. */
  readonly key?: string;
  /** For lines that name none. */
  readonly level?: LogLevel;
  readonly source?: string;
  /** Milliseconds since 1970. Left out: the time of arrival. */
  readonly time?: number;
}

const KEY_CHARS = 256;
const SOURCE_CHARS = 256;

function textOf(value: unknown, name: string, chars: number): string | undefined {
  if (value === undefined || value === '') return undefined;
  if (typeof value === 'string' && value.length <= chars) return value;
  throw new HubError('invalid', `${name} is one text of at most ${chars} characters`);
}

/**
 * The wishes in a request's query (`multiline`, `level`, `source`, `time`) and its header `Idempotency-Key`, also quoted.
 * @throws HubError `invalid` that names the first one that cannot be met
 */
export function lineWishes({ query, headers }: Pick<Request, 'query' | 'headers'>): LineWishes {
  const multiline = textOf(query.multiline, 'multiline', KEY_CHARS);
  const level = textOf(query.level, 'level', KEY_CHARS);
  const source = textOf(query.source, 'source', SOURCE_CHARS);
  const time = textOf(query.time, 'time', KEY_CHARS);
  const key = textOf(headers['idempotency-key'], 'Idempotency-Key', KEY_CHARS)?.replace(/^"(.*)"$/, '$1');
  return {
    ...(multiline !== undefined && { multiline: ruleOf(multiline) }),
    ...(level !== undefined && { level: knownLevel(level) }),
    ...(source !== undefined && { source }),
    ...(time !== undefined && { time: millisecondsOf(time) }),
    ...(key !== undefined && { key }),
  };
}

function ruleOf(text: string): JoinRule {
  if (!isJoinRule(text)) throw new HubError('invalid', `multiline is one of ${JOIN_RULES.join(', ')}`);
  return text;
}

function knownLevel(text: string): LogLevel {
  const level = levelOf(text);
  if (!level) throw new HubError('invalid', `level ${text} is not known`);
  return level;
}

function millisecondsOf(text: string): number {
  if (!/^\d{1,15}(\.\d{1,9})?$/.test(text)) throw new HubError('invalid', 'time is milliseconds since 1970');
  return Number(text);
}

/** The line with the level and source that it does not have of itself. */
export function withDefaults(line: LogLine, { level, source }: LineWishes): LogLine {
  if (level !== undefined) line.level ??= level;
  if (source !== undefined) line.source ??= source;
  return line;
}
