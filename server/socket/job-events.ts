import { setTimeout as delay } from 'node:timers/promises';
import { HubError } from '../../shared/errors.js';
import { BOUNDS } from '../../shared/limits.js';
import type { JobState, SubscribeAnswer } from '../../shared/protocol.js';
import { jobCancelSchema, jobGetSchema, jobSubmitSchema } from '../../shared/schemas.js';
import type { Principal } from '../auth/principal.js';
import type { Connection } from './connection.js';
import { type EventHandlers, handler } from './event-handler.js';

/** What the events ask of the job service. */
export interface JobCalls {
  submit(principal: Principal, request: { name: string; input: unknown; key?: string | undefined }): Promise<JobState>;
  get(principal: Principal, jobId: string): Promise<JobState>;
  cancel(principal: Principal, jobId: string): Promise<JobState>;
}

/** All that a job has said so far. */
const WHOLE_STORY = { last: BOUNDS.pageMessages };
const AGAIN_MS = 500;

/** @param againMs between two tries to follow a job whose store was away when it was handed in */
export function addJobEvents(handlers: EventHandlers, jobs: JobCalls, againMs = AGAIN_MS): void {
  handlers.set(
    'job:submit',
    handler(
      jobSubmitSchema,
      async ({ data, principal, connection }) => {
        const state = await jobs.submit(principal, data);
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
}

function follow({ subscriptions }: Connection, jobId: string): Promise<() => SubscribeAnswer> {
  return subscriptions.subscribe({ room: `job:${jobId}`, ...WHOLE_STORY });
}

/** Until the store is back, or the connection has ended. */
async function followLater(connection: Connection, jobId: string, againMs: number): Promise<void> {
  while (connection.socket.connected) {
    await delay(againMs, undefined, { ref: false });
    try {
      const begin = await follow(connection, jobId).catch(ignoreUnavailable);
      if (begin) return tell(connection, begin());
    } catch {
      // Refused for good: the connection closes, or its user may not read the room any more.
      return;
    }
  }
}

function tell(connection: Connection, { room, messages }: SubscribeAnswer): void {
  for (const message of messages) {
    if (message.type === 'job') connection.socket.emit('job', { ...(message.data as JobState), room, position: message.position });
  }
}

function ignoreUnavailable(error: unknown): undefined {
  if (error instanceof HubError && error.code === 'unavailable') return undefined;
  throw error;
}
