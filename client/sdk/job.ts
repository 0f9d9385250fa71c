import { HubError } from '../../shared/errors.js';
import type { JobDetails, JobState } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { Hub, Job, Off, RunOptions } from './api.js';
import { Emitter } from './emitter.js';
import { JobError } from './job-error.js';
import { askPatiently, type Patience } from './patience.js';
import type { RoomSubscription } from './room.js';

export interface JobContext extends Patience {
  readonly openRoom: (room: RoomName) => RoomSubscription;
  /** Asks once. */
  readonly request: Hub['request'];
}

/** One job, followed in its room until it ends; past a failure, for as long as somebody listens to its states. */
export class FollowedJob<Result = unknown> implements Job<Result> {
  readonly id: string;
  readonly #context: JobContext;
  readonly #events = new Emitter<{ state: (state: JobState) => void }>();
  #state: JobState | undefined;
  #room: RoomSubscription | undefined;
  /** Of the newest state that the room has told of, as far as it is about to. */
  #newest = 0;
  #left = false;
  #end = endToCome<Result>();
  #isOver = false;

  /** @param known a state that the hub has just told */
  constructor(id: string, context: JobContext, known?: JobState) {
    this.id = id;
    this.#context = context;
    if (known) this.#enter(known);
    if (!hasEnded(this.#state)) this.#follow();
  }

  get state(): JobState | undefined {
    return this.#state;
  }

  get done(): Promise<Result> {
    return this.#end.promise;
  }

  onState(listener: (state: JobState) => void): Off {
    const off = this.#events.on('state', listener);
    if (this.#mayGoOn) this.#follow();
    return () => {
      off();
      if (this.#state?.state === 'failed' && !this.#events.hears('state')) this.#leaveRoom();
    };
  }

  async cancel(): Promise<JobState> {
    const state = await askPatiently(this.#context, 'job:cancel', { jobId: this.id });
    this.#enter(state);
    return state;
  }

  details(): Promise<JobDetails> {
    return askPatiently(this.#context, 'job:details', { jobId: this.id });
  }

  async retry(): Promise<JobState> {
    const state = await this.#context.request('job:retry', { jobId: this.id });
    this.#enter(state);
    // Anew: of many failed jobs the hub goes on telling of the last ones alone.
    this.#leaveRoom();
    if (!hasEnded(this.#state)) this.#follow();
    return state;
  }

  async discard(): Promise<void> {
    await this.#context.request('job:discard', { jobId: this.id });
    this.leave();
  }

  leave(): void {
    this.#stop(new HubError('closing', 'the job was left'));
  }

  /** It failed, and may be run again by somebody. */
  get #mayGoOn(): boolean {
    return this.#state?.state === 'failed' && !this.#left;
  }

  #follow(): void {
    if (this.#room || this.#left) return;
    const room = this.#context.openRoom(`job:${this.id}`);
    this.#room = room;
    room.on('job', (state) => this.#enter(stateOf(state)));
    room.on('gap', () => void this.#look());
    room.on('subscribed', ({ messages }) => {
      this.#newest = Math.max(...messages.map(({ data }) => (data as JobState).revision), this.#newest);
      if (this.#state === undefined && messages.length === 0) void this.#look();
    });
    const stop = (error: Error) => this.#room === room && this.#stop(error);
    room.on('error', stop);
    room.ready.catch(stop);
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
    if (this.#isOver && !this.#left) this.#beginAnew();
    this.#state = state;
    this.#events.emit('state', state);
    // A failure after which it was run again is not its end.
    if (!hasEnded(state) || state.revision < this.#newest) return;
    this.#isOver = true;
    if (state.state === 'done') this.#end.resolve(state.result as Result);
    else this.#end.reject(new JobError(state));
    if (state.state !== 'failed' || !this.#events.hears('state')) this.#leaveRoom();
  }

  /** It failed, and is run again. */
  #beginAnew(): void {
    this.#isOver = false;
    this.#end = endToCome();
  }

  #stop(error: Error): void {
    this.#left = true;
    this.#end.reject(error);
    this.#leaveRoom();
  }

  #leaveRoom(): void {
    const room = this.#room;
    this.#room = undefined;
    room?.leave();
  }
}

interface End<Result> {
  readonly promise: Promise<Result>;
  resolve(result: Result): void;
  reject(error: Error): void;
}

function endToCome<Result>(): End<Result> {
  let settle!: Omit<End<Result>, 'promise'>;
  const promise = new Promise<Result>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // Whoever only follows the states need not handle the end.
  promise.catch(() => {});
  return { promise, ...settle };
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
      const followed = job;
      followed.done.then(resolve, reject).finally(() => {
        settled();
        followed.leave();
      });
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
