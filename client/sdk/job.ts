import { HubError } from '../../shared/errors.js';
import type { JobState } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { Job, Off, RunOptions } from './api.js';
import { Emitter } from './emitter.js';
import { JobError } from './job-error.js';
import { askPatiently, type Patience } from './patience.js';
import type { RoomSubscription } from './room.js';

export interface JobContext extends Patience {
  readonly openRoom: (room: RoomName) => RoomSubscription;
}

/** One job, followed in its room until it ends. */
export class FollowedJob<Result = unknown> implements Job<Result> {
  readonly id: string;
  readonly done: Promise<Result>;
  readonly #context: JobContext;
  readonly #events = new Emitter<{ state: (state: JobState) => void }>();
  #state: JobState | undefined;
  #room: RoomSubscription | undefined;
  /** Of the newest state that the room has told of, as far as it is about to. */
  #newest = 0;
  #resolve: (result: Result) => void = () => {};
  #reject: (error: Error) => void = () => {};

  /** @param known a state that the hub has just told */
  constructor(id: string, context: JobContext, known?: JobState) {
    this.id = id;
    this.#context = context;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever only follows the states need not handle the end.
    this.done.catch(() => {});
    if (known) this.#enter(known);
    if (!hasEnded(this.#state)) this.#follow();
  }

  get state(): JobState | undefined {
    return this.#state;
  }

  onState(listener: (state: JobState) => void): Off {
    return this.#events.on('state', listener);
  }

  async cancel(): Promise<JobState> {
    const state = await askPatiently(this.#context, 'job:cancel', { jobId: this.id });
    this.#enter(state);
    return state;
  }

  leave(): void {
    this.#stop(new HubError('closing', 'the job was left'));
  }

  #follow(): void {
    const room = this.#context.openRoom(`job:${this.id}`);
    this.#room = room;
    room.on('job', (state) => this.#enter(stateOf(state)));
    room.on('gap', () => void this.#look());
    room.on('subscribed', ({ messages }) => {
      this.#newest = Math.max(...messages.map(({ data }) => (data as JobState).revision), this.#newest);
      if (this.#state === undefined && messages.length === 0) void this.#look();
    });
    room.on('error', (error) => this.#stop(error));
    room.ready.catch((error) => this.#stop(error));
  }

  /** Asks for the state itself, where the room's events may not tell it. */
  async #look(): Promise<void> {
    try {
      this.#enter(await askPatiently(this.#context, 'job:get', { jobId: this.id }));
    } catch (error) {
      this.#stop(error instanceof HubError ? error : new HubError('internal', String(error)));
    }
  }

  /** Answers and events overtake each other; the revision tells which one is news. */
  #enter(state: JobState): void {
    if (this.#state && state.revision <= this.#state.revision) return;
    this.#state = state;
    this.#events.emit('state', state);
    // A failure after which it was run again is not its end.
    if (!hasEnded(state) || state.revision < this.#newest) return;
    if (state.state === 'done') this.#resolve(state.result as Result);
    this.#stop(new JobError(state));
  }

  #stop(error: Error): void {
    this.#reject(error);
    this.#room?.leave();
  }
}

/** Follows a submitted job to its end; aborting rejects at once, and cancels the job, also one whose submission is under way. */
export function runJob<Result>(submit: () => Promise<Job<Result>>, { onProgress, signal }: RunOptions): Promise<Result> {
  return new Promise<Result>((resolve, reject) => {
    let job: Job<Result> | undefined;
    const abandon = () => {
      reject(signal?.reason);
      job?.cancel().catch(() => {});
      job?.leave();
    };
    signal?.addEventListener('abort', abandon, { once: true });
    const settled = () => signal?.removeEventListener('abort', abandon);
    const started = (submitted: Job<Result>) => {
      job = submitted;
      if (signal?.aborted) return abandon();
      if (onProgress) reportProgress(job, onProgress);
      job.done.then(resolve, reject).finally(settled);
    };
    submit().then(started, (error) => {
      settled();
      reject(error);
    });
  });
}

function reportProgress(job: Job<unknown>, onProgress: NonNullable<RunOptions['onProgress']>): void {
  const report = (state: JobState) => {
    if (state.progress && state.state === 'active') onProgress(state.progress, state);
  };
  if (job.state) report(job.state);
  job.onState(report);
}

function hasEnded(state: JobState | undefined): boolean {
  return state !== undefined && state.state !== 'queued' && state.state !== 'active';
}

function stateOf({ room: _room, position: _position, ...state }: JobState & { room: unknown; position: unknown }): JobState {
  return state;
}
