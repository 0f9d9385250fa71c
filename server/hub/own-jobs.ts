import { ERRORS, HubError, isErrorCode, toWireError } from '../../shared/errors.js';
import type { JobState } from '../../shared/protocol.js';
import { SYSTEM } from '../auth/principal.js';
import type { JobService } from '../jobs/job-service.js';
import type { RoomLog } from '../log/room-log.js';

export interface OwnRunOptions {
  /** Runs of the hub's own with one name and key are one run while it is queued, active or freshly done. */
  readonly key?: string;
  readonly onProgress?: (progress: NonNullable<JobState['progress']>, state: JobState) => void;
  /** Aborting cancels the job. */
  readonly signal?: AbortSignal;
}

/** Jobs that the hub's program hands in, as the hub. */
export interface OwnJobs {
  /** @throws HubError `unknown_job`, `invalid`, `too_large`, `busy`, `unavailable`, `timeout` */
  submit(name: string, input: unknown, options?: { key?: string }): Promise<JobState>;
  /**
   * Runs a job to its end, wherever it runs, and gives its result. Rejects with HubError when it was not taken, failed (with the handler's code) or was
   * cancelled (`closing`); with the signal's reason when aborted.
   */
  run(name: string, input: unknown, options?: OwnRunOptions): Promise<unknown>;
}

type Jobs = Pick<JobService, 'submit' | 'get' | 'cancel'>;

export function ownJobs(service: Jobs, log: Pick<RoomLog, 'follow'>): OwnJobs {
  const submit: OwnJobs['submit'] = (name, input, { key } = {}) => service.submit(SYSTEM, { name, input, key });
  return {
    submit,
    async run(name, input, { signal, onProgress, ...options } = {}) {
      signal?.throwIfAborted();
      const { jobId } = await submit(name, input, options);
      const end = new EndOfJob(jobId, service, onProgress);
      const abandon = () => {
        end.reject(signal?.reason);
        service.cancel(SYSTEM, jobId).catch(() => {});
      };
      signal?.addEventListener('abort', abandon, { once: true });
      if (signal?.aborted) abandon();
      try {
        return resultOf(await end.in(log));
      } finally {
        signal?.removeEventListener('abort', abandon);
      }
    },
  };
}

/** The end of a job, as its room tells it, or as the job itself says where the room may have been missed. */
class EndOfJob {
  reject: (reason: unknown) => void = () => {};
  #resolve: (state: JobState) => void = () => {};
  readonly #ended = new Promise<JobState>((resolve, reject) => {
    this.#resolve = resolve;
    this.reject = reject;
  });

  constructor(
    private readonly jobId: string,
    private readonly service: Jobs,
    private readonly onProgress: OwnRunOptions['onProgress'],
  ) {
    this.#ended.catch(() => {});
  }

  async in(log: Pick<RoomLog, 'follow'>): Promise<JobState> {
    const stop = await log.follow(`job:${this.jobId}`, {
      entry: ({ message }) => this.#take(message.data as JobState),
      doubt: () => void this.#look(),
    });
    void this.#look();
    try {
      return await this.#ended;
    } finally {
      stop();
    }
  }

  #take(state: JobState): void {
    if (state.endedAt !== undefined) this.#resolve(state);
    else if (state.progress) this.onProgress?.(state.progress, state);
  }

  async #look(): Promise<void> {
    try {
      this.#take(await this.service.get(SYSTEM, this.jobId));
    } catch (error) {
      // With the store away the room is in doubt again when it is back.
      if (ERRORS[toWireError(error).code].retry === 'never') this.reject(error);
    }
  }
}

function resultOf({ state, result, error }: JobState): unknown {
  if (state === 'done') return result;
  if (state === 'cancelled') throw new HubError('closing', 'the job was cancelled');
  throw new HubError(isErrorCode(error?.code) ? error.code : 'internal', error?.message);
}
