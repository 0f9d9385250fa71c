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

export function addJobEvents(handlers: EventHandlers, jobs: JobCalls): void {
  handlers.set(
    'job:submit',
    handler(
      jobSubmitSchema,
      async ({ data, principal, connection }) => {
        const state = await jobs.submit(principal, data);
        // The submitter hears of its job without asking; a store that fails now leaves it `job:get`.
        const begin = await connection.subscriptions.subscribe({ room: `job:${state.jobId}`, ...WHOLE_STORY }).catch(ignoreUnavailable);
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

function tell(connection: Connection, { room, messages }: SubscribeAnswer): void {
  for (const message of messages) {
    if (message.type === 'job') connection.socket.emit('job', { ...(message.data as JobState), room, position: message.position });
  }
}

function ignoreUnavailable(error: unknown): undefined {
  if (error instanceof HubError && error.code === 'unavailable') return undefined;
  throw error;
}
