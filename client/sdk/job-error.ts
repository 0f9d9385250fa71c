import type { JobState } from '../../shared/protocol.js';

/** A job that ended without a result. `code` is the handler's, or `failed` or `cancelled`. */
export class JobError extends Error {
  override readonly name = 'JobError';
  readonly code: string;
  readonly state: JobState;

  constructor(state: JobState) {
    super(state.error?.message ?? `the job ${state.name} was ${state.state}`);
    this.code = state.error?.code ?? state.state;
    this.state = state;
  }
}
