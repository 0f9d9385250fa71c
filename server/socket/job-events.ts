import { HubError } from '../../shared/errors.js';
import { BOUNDS } from '../../shared/limits.js';
import type { JobState } from '../../shared/protocol.js';
import { jobCancelSchema, jobGetSchema, jobSubmitSchema } from '../../shared/schemas.js';
import type { Principal } from '../auth/principal.js';
import { type EventHandlers, handler } from './event-handler.js';

/** What the events ask of the job service. */
export interface JobCalls {
  submit(principal: Principal, request: { name: string; input: unknown; key?: string | undefined }): Promise<JobState>;
  get(principal: Principal, jobId: string): Promise<JobState>;
  cancel(principal: Principal, jobId: string): Promise<JobState>;
}

/** Positions begin at 1: whoever asks for what came after 0 gets a job's whole story. */
const FROM_THE_BEGINNING = { last: BOUNDS.pageMessages };

export function addJobEvents(handlers: EventHandlers, jobs: JobCalls): void {
  handlers.set(
    'job:submit',
    handler(
      jobSubmitSchema,
      async ({ data, principal, connection }) => {
        const state = await jobs.submit(principal, data);
        // The submitter hears of its job without asking; a store that fails now leaves it `job:get`.
        const begin = await connection.subscriptions
          .subscribe({ room: `job:${state.jobId}`, ...FROM_THE_BEGINNING })
          .catch(ignoreUnavailable);
        return () => {
          const heard = begin?.();
          queueMicrotask(() => {
            for (const { type, data, room, position } of heard?.messages ?? []) {
              if (type === 'job') connection.socket.emit('job', { ...(data as JobState), room, position });
            }
          });
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

function ignoreUnavailable(error: unknown): undefined {
  if (error instanceof HubError && error.code === 'unavailable') return undefined;
  throw error;
}
