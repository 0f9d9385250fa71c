import { holderOf, keyOf } from './job-machine.js';
import type { JobLane, JobRequest } from './job-queue.js';

/** The names of the keys that jobs have in Redis. All share a hash slot: a script touches several of them. */
export class JobKeys {
  constructor(private readonly prefix: string) {}

  of(...parts: string[]): string {
    return `${this.prefix}:{jobs}:${parts.join(':')}`;
  }

  job(jobId: string): string {
    return this.of('job', jobId);
  }

  /** The id of the run that submissions with the request's key join. */
  key(request: JobRequest): string {
    return this.of('key', keyOf(request) ?? '');
  }

  activeOfLane(lane: JobLane): string {
    return this.of('active', lane);
  }

  activeOfName(name: string): string {
    return this.of('active', 'of', name);
  }

  queuedOfName(name: string): string {
    return this.of('queued', 'of', name);
  }

  /** The holder's failed jobs by the time of their end. */
  failedOfHolder(request: JobRequest): string {
    return this.of('failed', 'of', holderOf(request));
  }

  /** Large ended jobs: by the time at which they are forgotten, their sizes, and the bytes of each holder. */
  large(): string[] {
    return [this.of('large', 'ends'), this.of('large', 'sizes'), this.of('large', 'use')];
  }

  /** In front of a holder's name: its large ended jobs by the time at which they are forgotten. */
  get largeOfHolders(): string {
    return this.of('large', 'of', '');
  }

  /** Who waits in a lane at BullMQ: by priority, and in front of that. */
  bullLine(lane: JobLane): string[] {
    return [this.of('bull', lane, 'prioritized'), this.of('bull', lane, 'wait')];
  }

  /** Queued jobs of the handler that wait for another one of it to end, in their order of the line. */
  held(name: string): string {
    return this.of('held', name);
  }

  /** The holder's unfinished jobs of the handler, where it has a limit of them. */
  unfinished(request: JobRequest): string {
    return this.of('unfinished', request.name, holderOf(request));
  }
}
