import { setTimeout as delay } from 'node:timers/promises';
import { HubError } from '../../shared/errors.js';
import { BOUNDS } from '../../shared/limits.js';
import type { JobState, SubscribeAnswer } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import {
  jobCancelSchema,
  jobDetailsSchema,
  jobDiscardSchema,
  jobGetSchema,
  jobListSchema,
  jobRetrySchema,
  jobSubmitSchema,
} from '../../shared/schemas.js';
import type { JobService } from '../jobs/job-service.js';
import { sessionOf } from '../recovery/client-session.js';
import { type EventConnection, type EventHandlers, handler } from './event-handler.js';

/** What the events ask of the job service. */
export type JobCalls = Pick<JobService, 'submit' | 'get' | 'cancel' | 'list' | 'inspect' | 'retry' | 'discard' | 'story'>;

/** All that a job has said so far. */
const WHOLE_STORY = { last: BOUNDS.pageMessages };
const AGAIN_MS = 500;
/** Jobs of a list, where no other number is asked for. */
const LISTED = 50;

/** @param againMs between two tries to follow a job whose store was away when it was handed in */
export function addJobEvents(handlers: EventHandlers, jobs: JobCalls, againMs = AGAIN_MS): void {
  handlers.set(
    'job:submit',
    handler(
      jobSubmitSchema,
      async ({ data, principal, connection }) => {
        const state = await jobs.submit(principal, data);
        // A connection that may be recovered is in the room from the beginning: it would not know what it missed.
        if (!sessionOf(connection.socket)) {
          void hear(connection, state.jobId, jobs, againMs);
          return state;
        }
        // The submitter hears of its job without asking. A store that fails now does not hold up the acknowledgement of what is queued.
        const begin = await follow(connection, state.jobId).catch(ignoreUnavailable);
        if (!begin) void followLater(connection, state.jobId, againMs);
        return () => {
          queueMicrotask(() => begin && tell(connection, begin()));
          return state;
        };
      },
      { costs: 'publish' },
    ),
  );
  handlers.set(
    'job:get',
    handler(jobGetSchema, ({ data, principal }) => jobs.get(principal, data.jobId)),
  );
  handlers.set(
    'job:cancel',
    handler(jobCancelSchema, ({ data, principal }) => jobs.cancel(principal, data.jobId)),
  );
  addDeadLetterEvents(handlers, jobs);
}

function addDeadLetterEvents(handlers: EventHandlers, jobs: JobCalls): void {
  handlers.set(
    'job:list',
    handler(jobListSchema, async ({ data: { state, limit = LISTED }, principal }) => ({
      jobs: await jobs.list(principal, { state, limit }),
    })),
  );
  handlers.set(
    'job:details',
    handler(jobDetailsSchema, ({ data, principal }) => jobs.inspect(principal, data.jobId)),
  );
  handlers.set(
    'job:retry',
    handler(jobRetrySchema, ({ data, principal }) => jobs.retry(principal, data.jobId), { costs: 'publish' }),
  );
  handlers.set(
    'job:discard',
    handler(
      jobDiscardSchema,
      async ({ data, principal }) => {
        await jobs.discard(principal, data.jobId);
        return {};
      },
      { costs: 'publish' },
    ),
  );
}

/** The submitter hears of its job behind the acknowledgement. One that has ended soon is told as its room has it, which then need not be entered. */
async function hear(connection: EventConnection, jobId: string, jobs: JobCalls, againMs: number): Promise<void> {
  const room: RoomName = `job:${jobId}`;
  const story = await jobs.story(jobId);
  // Its client follows it by itself.
  if (connection.subscriptions.concerns(room)) return;
  if (!story) return followUntilThere(connection, jobId, againMs);
  for (const { state, position } of story) connection.socket.emit('job', { ...state, room, position });
}

function follow({ subscriptions }: EventConnection, jobId: string): Promise<() => SubscribeAnswer> {
  return subscriptions.subscribe({ room: `job:${jobId}`, untilEnd: true, ...WHOLE_STORY });
}

async function followLater(connection: EventConnection, jobId: string, againMs: number): Promise<void> {
  await delay(againMs, undefined, { ref: false });
  await followUntilThere(connection, jobId, againMs);
}

/** Tried until the store is back, or the connection has ended. */
async function followUntilThere(connection: EventConnection, jobId: string, againMs: number): Promise<void> {
  while (connection.socket.connected) {
    try {
      const begin = await follow(connection, jobId).catch(ignoreUnavailable);
      if (begin) return tell(connection, begin());
    } catch {
      // Refused for good: the connection closes, or its user may not read the room any more.
      return;
    }
    await delay(againMs, undefined, { ref: false });
  }
}

function tell(connection: EventConnection, { room, messages }: SubscribeAnswer): void {
  for (const message of messages) {
    if (message.type === 'job') connection.socket.emit('job', { ...(message.data as JobState), room, position: message.position });
  }
}

function ignoreUnavailable(error: unknown): undefined {
  if (error instanceof HubError && error.code === 'unavailable') return undefined;
  throw error;
}
