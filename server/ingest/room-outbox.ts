import { randomUUID } from 'node:crypto';
import { ERRORS, HubError } from '../../shared/errors.js';
import type { RoomName } from '../../shared/rooms.js';
import type { Clock } from '../observe/clock.js';
import type { SystemPublisher } from '../rooms/publisher.js';
import type { Outbox } from './outbox.js';

export interface RoomOutboxOptions {
  readonly publisher: SystemPublisher;
  readonly clock: Clock;
  /** Age at which a message that the store does not take is given up. */
  readonly retryForMs: number;
  /** Pause before the second try; it doubles up to `retryMaxMs`. */
  readonly retryMs?: number;
  readonly retryMaxMs?: number;
  readonly bytesPerRoom?: number;
  readonly bytesTotal?: number;
  readonly newId?: () => string;
  readonly onRetry?: (room: RoomName, error: unknown) => void;
}

interface Waiting {
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  readonly bytes: number;
  readonly since: number;
  readonly settle: (error?: unknown) => void;
}

interface Queue {
  readonly waiting: Waiting[];
  bytes: number;
}

const DEFAULTS = {
  retryMs: 250,
  retryMaxMs: 2_000,
  bytesPerRoom: 4 * 1024 * 1024,
  bytesTotal: 64 * 1024 * 1024,
  newId: (): string => randomUUID(),
};

const mayPass = (error: unknown): boolean => error instanceof HubError && ERRORS[error.code].retry === 'later' && error.code !== 'internal';

/** An outbox over the hub's publisher: a queue and one publication in flight per room. */
export class RoomOutbox implements Outbox {
  readonly #options: RoomOutboxOptions & typeof DEFAULTS;
  readonly #queues = new Map<RoomName, Queue>();
  #idleWaiters: (() => void)[] = [];
  #bytes = 0;
  #giveUpAt = Number.POSITIVE_INFINITY;

  constructor(options: RoomOutboxOptions) {
    this.#options = { ...DEFAULTS, ...options };
  }

  full(room: RoomName): boolean {
    const bytes = this.#queues.get(room)?.bytes ?? 0;
    return bytes >= this.#options.bytesPerRoom || this.#bytes >= this.#options.bytesTotal;
  }

  push(room: RoomName, type: string, data: unknown, bytes: number, id = this.#options.newId()): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: unknown) => (error === undefined ? resolve() : reject(error));
      const waiting = { id, type, data, bytes, since: this.#options.clock.now(), settle };
      const queue = this.#queues.get(room) ?? { waiting: [], bytes: 0 };
      queue.waiting.push(waiting);
      queue.bytes += bytes;
      this.#bytes += bytes;
      if (this.#queues.has(room)) return;
      this.#queues.set(room, queue);
      void this.#sendAll(room, queue);
    });
  }

  idle(): Promise<void> {
    if (this.#queues.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** For the end: what the store has not taken after `withinMs` is given up; resolves when nothing waits. */
  drain(withinMs: number): Promise<void> {
    this.#giveUpAt = this.#options.clock.now() + withinMs;
    return this.idle();
  }

  async #sendAll(room: RoomName, queue: Queue): Promise<void> {
    for (let head = queue.waiting[0]; head; head = queue.waiting[0]) {
      const error = await this.#send(room, head);
      queue.waiting.shift();
      queue.bytes -= head.bytes;
      this.#bytes -= head.bytes;
      head.settle(error);
    }
    this.#queues.delete(room);
    if (this.#queues.size > 0) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const waiter of waiters) waiter();
  }

  /** The error with which the message is given up, or undefined once it is stored. */
  async #send(room: RoomName, { id, type, data, since }: Waiting): Promise<unknown> {
    const { publisher, clock, retryForMs, retryMs, retryMaxMs, onRetry } = this.#options;
    for (let pauseMs = retryMs; ; pauseMs = Math.min(2 * pauseMs, retryMaxMs)) {
      try {
        await publisher.publish(room, type, data, { id });
        return undefined;
      } catch (error) {
        if (!mayPass(error) || clock.now() + pauseMs > Math.min(since + retryForMs, this.#giveUpAt))
          return error ?? new HubError('internal');
        onRetry?.(room, error);
      }
      await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
    }
  }
}
