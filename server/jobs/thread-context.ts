import type { MessagePort } from 'node:worker_threads';
import { HubError } from '../../shared/errors.js';
import type { JobContext } from './handler.js';
import { holderOf } from './job-machine.js';
import type { JobProgress } from './job-queue.js';
import { throttleLatest } from './progress-throttle.js';
import type { ResultStore } from './result-store.js';
import { createRoomReader, type LogSource } from './room-reader.js';
import {
  type CallName,
  type FromThread,
  fromPlainError,
  type LogLevel,
  type ParentCalls,
  type ThreadTask,
  type ToThread,
} from './thread-messages.js';

/** Progress messages to the parent: five a second. */
const PROGRESS_INTERVAL_MS = 200;

export interface ThreadContext {
  readonly context: JobContext;
  /** The last progress, where it was not sent. */
  unsent(): JobProgress | undefined;
  close(): void;
}

/** What a handler in a thread works with: its parent is at the other end of the task's port. */
export function createThreadContext(
  { attempt, port, resultTtlMs }: ThreadTask,
  { log, results }: { log: LogSource | undefined; results: ResultStore },
): ThreadContext {
  const parent = callParent(port);
  const throttle = throttleLatest<() => JobProgress>(PROGRESS_INTERVAL_MS, (progress) => {
    unsent = undefined;
    parent.send({ kind: 'progress', progress: progress() });
  });
  // Made into a message when it is sent: most of what a busy handler says is replaced before.
  let unsent: (() => JobProgress) | undefined;
  let published = 0;
  const say = (level: LogLevel) => (message: string, fields?: Record<string, unknown>) =>
    parent.send({ kind: 'log', level, message: String(message), ...(fields && { fields: jsonCopy(fields) }) });

  const context: JobContext = {
    jobId: attempt.jobId,
    attempt: attempt.attempt,
    signal: parent.signal,
    progress(done, more) {
      if (!isPart(done)) throw new HubError('invalid', 'progress is a number from 0 to 1');
      unsent = () => toProgress(done, more);
      throttle.push(unsent);
    },
    publish: (room, type, data) => parent.call('publish', room, type, data, publicationId(attempt.jobId, ++published)),
    log: { info: say('info'), warn: say('warn'), error: say('error') },
    rooms: createRoomReader(log ?? { read: (room, range) => parent.call('read', room, range), ends: (room) => parent.call('ends', room) }),
    openResult: (file) => results.create(attempt.jobId, { ...file, ttlMs: resultTtlMs, holder: holderOf(attempt) }),
  };
  return {
    context,
    unsent: () => unsent?.(),
    close() {
      throttle.stop();
      port.close();
    },
  };
}

export function publicationId(jobId: string, count: number): string {
  return `${jobId}.${count}`;
}

/** Bytes of one progress: it is published to the job's room up to five times a second. */
const PROGRESS_MAX_BYTES = 64 * 1024;
const NOTE_MAX_CHARS = 1_000;

/** A progress as it is reported: a long note is cut, and data that is too large is left out. @throws HubError `invalid` when `done` is no number from 0 to 1 */
export function toProgress(done: number, { note, data }: { note?: string; data?: unknown } = {}): JobProgress {
  if (!isPart(done)) throw new HubError('invalid', 'progress is a number from 0 to 1');
  const progress: JobProgress = { done };
  if (note !== undefined) progress.note = String(note).slice(0, NOTE_MAX_CHARS);
  const text = JSON.stringify(data);
  if (text !== undefined && Buffer.byteLength(text) <= PROGRESS_MAX_BYTES) progress.data = JSON.parse(text);
  return progress;
}

const isPart = (done: unknown) => typeof done === 'number' && done >= 0 && done <= 1;

/** What of a value would arrive over the wire: functions and the like would not even cross to the parent. */
function jsonCopy<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value));
}

function callParent(port: MessagePort) {
  const abort = new AbortController();
  const waiting = new Map<number, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>();
  let calls = 0;
  port.on('message', (message: ToThread) => {
    if (message.kind === 'abort') return abort.abort(new HubError('closing', 'the job was stopped'));
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.kind === 'answer') call?.resolve(message.answer);
    else call?.reject(fromPlainError(message.error));
  });
  const send = (message: FromThread) => port.postMessage(message);
  return {
    signal: abort.signal,
    send,
    call<Name extends CallName>(name: Name, ...args: ParentCalls[Name]['args']): Promise<ParentCalls[Name]['answer']> {
      const id = ++calls;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject });
        send({ kind: 'call', id, name, args } as FromThread);
      });
    },
  };
}
