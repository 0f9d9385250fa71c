import { HubError } from '../../shared/errors.js';
import { BOUNDS } from '../../shared/limits.js';
import type { RoomName } from '../../shared/rooms.js';
import { type Principal, SYSTEM } from '../auth/principal.js';
import { placeHolderOf } from '../rooms/place-shares.js';
import type { JobHandler } from './handler.js';
import type { JobRequest } from './job-queue.js';

export interface Submission {
  readonly name: string;
  readonly input?: unknown;
  /** Joins a run, before what the handler says. */
  readonly key?: string | undefined;
  /** Of this submission: where no key joins it, repetitions of it are one run. */
  readonly id?: string | undefined;
}

/** Milliseconds that an attempt may take, and an ended job is kept, where its handler does not say. */
export interface JobTimes {
  readonly timeoutMs: number;
  readonly resultTtlMs: number;
  /** Milliseconds for which a failed job is kept. Default: as any other. */
  readonly failedTtlMs?: number;
}

/** What a principal submits. @param input parsed */
export function requestOf(
  principal: Principal,
  handler: JobHandler,
  { input, key, id }: Pick<Submission, 'input' | 'key' | 'id'>,
  times: JobTimes,
): JobRequest {
  const joined = key ?? handler.keyOf(input);
  const joins = joined !== undefined ? { key: joined } : id !== undefined ? ({ key: `id ${id}`, once: true } as const) : {};
  const whose = { owner: principal.user.id, ...(principal.guest && { holder: placeHolderOf(principal) }) };
  return { ...jobOf(handler, input, times), ...whose, ...joins };
}

/** The run of a tick of a handler's schedule, as the hub's: of all submissions of one tick there is one run. */
export function tickRequestOf(handler: JobHandler, tick: number, times: JobTimes): JobRequest {
  const input = parseInput(handler, handler.repeat?.input);
  return { ...jobOf(handler, input, times), owner: SYSTEM.user.id, key: `tick ${tick}`, once: true };
}

/** On every transport the same: the queue keeps the input as JSON. @throws HubError `too_large` */
export function checkSize(input: unknown): void {
  const bytes = Buffer.byteLength(JSON.stringify(input) ?? '');
  if (bytes > BOUNDS.jobInputBytes) throw new HubError('too_large', `a job's input has at most ${BOUNDS.jobInputBytes} bytes`);
}

/** @throws HubError `invalid` for an input that the handler's schema refuses */
export function parseInput({ input: schema }: JobHandler, input: unknown): unknown {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new HubError('invalid', `input${issue?.path.length ? `.${issue.path.join('.')}` : ''}: ${issue?.message}`);
}

/** A job of the handler, but for whose it is. */
function jobOf(handler: JobHandler, input: unknown, times: JobTimes): Omit<JobRequest, 'owner'> {
  const room = handler.reach === 'room' ? handler.roomOf(input) : undefined;
  const { name, lane, attempts, backoffMs, priority, perUserLimit, concurrency } = handler;
  return {
    name,
    lane,
    input,
    attempts,
    backoffMs,
    timeoutMs: handler.timeoutMs ?? times.timeoutMs,
    resultTtlMs: handler.resultTtlMs ?? times.resultTtlMs,
    ...(times.failedTtlMs !== undefined && { failedTtlMs: times.failedTtlMs }),
    ...(priority !== 'normal' && { priority }),
    ...(perUserLimit !== undefined && { perUserLimit }),
    ...(concurrency !== undefined && { concurrency }),
    ...(room !== undefined && { reaches: room as RoomName }),
  };
}
