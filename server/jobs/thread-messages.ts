import type { MessagePort } from 'node:worker_threads';
import { type ErrorCode, HubError } from '../../shared/errors.js';
import type { PublishAnswer } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { LogEnds, LogPage, LogRange } from '../log/room-log.js';
import type { JobAttempt, JobProgress } from './job-queue.js';
import type { ResultBounds } from './result-bounds.js';

/** Where a thread finds the rooms: it opens a reader of its own, or asks its parent page by page. */
export type RoomSource = { kind: 'lmdb'; dir: string } | { kind: 'redis'; url: string; prefix: string } | { kind: 'memory' };

/** Where a thread puts result files. */
export type ResultTarget =
  | { kind: 'files'; dir: string; maxBytes: number; bounds?: ResultBounds; reserveBytes?: number }
  | { kind: 'redis'; url: string; prefix: string; maxBytes: number; bounds?: ResultBounds };

/** What a thread opens. */
export interface ThreadSetup {
  readonly rooms: RoomSource;
  readonly results: ResultTarget;
}

/** A thread's `workerData`. */
export interface ThreadData extends ThreadSetup {
  /** Modules that are loaded before the first task comes. */
  readonly preload: readonly string[];
}

/** What a thread says beside its tasks: it has mapped some more of the rooms' file. */
export const MAPPED = 'mapped';

/** One run in a thread. */
export interface ThreadTask {
  readonly attempt: JobAttempt;
  /** Of the handler's module. */
  readonly href: string;
  readonly resultTtlMs: number;
  /** To the parent: progress, log lines and questions; from it: answers and the abort. */
  readonly port: MessagePort;
}

/** What a thread asks of its parent, and what it gets for it. */
export interface ParentCalls {
  publish: { args: [room: RoomName, type: string, data: unknown, id: string]; answer: PublishAnswer };
  read: { args: [room: RoomName, range: LogRange]; answer: LogPage };
  ends: { args: [room: RoomName]; answer: LogEnds };
}
export type CallName = keyof ParentCalls;

export type LogLevel = 'info' | 'warn' | 'error';

export type FromThread =
  | { kind: 'progress'; progress: JobProgress }
  | { kind: 'log'; level: LogLevel; message: string; fields?: Record<string, unknown> }
  | { [Name in CallName]: { kind: 'call'; id: number; name: Name; args: ParentCalls[Name]['args'] } }[CallName];

export type ToThread =
  | { kind: 'abort' }
  | { kind: 'answer'; id: number; answer: unknown }
  | { kind: 'refusal'; id: number; error: PlainError };

/** How a run in a thread ended, and the progress that was not sent any more. */
export type ThreadOutcome = ({ ok: true; result: unknown } | { ok: false; error: PlainError }) & { progress?: JobProgress };

/** An error as it crosses a thread's boundary, which keeps no classes. `code` stands where it is a HubError. */
export interface PlainError {
  readonly code?: ErrorCode;
  readonly message: string;
  readonly stack?: string;
  readonly retryAfterMs?: number;
}

export function toPlainError(thrown: unknown): PlainError {
  if (!(thrown instanceof Error)) return { message: String(thrown) };
  const plain = { message: thrown.message, ...(thrown.stack !== undefined && { stack: thrown.stack }) };
  if (!(thrown instanceof HubError)) return plain;
  return { ...plain, code: thrown.code, ...(thrown.retryAfterMs !== undefined && { retryAfterMs: thrown.retryAfterMs }) };
}

export function fromPlainError({ code, message, stack, retryAfterMs }: PlainError): Error {
  const error = code ? new HubError(code, message, retryAfterMs) : new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
