import type { HubError } from '../../shared/errors.js';
import type { PublishAnswer } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { Off, Publication, PublicationState } from './api.js';
import { Emitter } from './emitter.js';

export interface PublicationSource {
  readonly room: RoomName;
  readonly id: string;
  readonly type?: string;
  readonly data: unknown;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly sentAt?: number;
}

/** One own message on its way, as its sender sees it. The outbox moves it; the caller reads it. */
export class OwnPublication implements Publication {
  readonly room: RoomName;
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  readonly createdAt: number;
  readonly done: Promise<PublishAnswer>;
  readonly kept: Promise<void>;
  /** Who wrote it; unknown until the first welcome. */
  user: string | undefined;
  /** When it went out first of those times that it may have been stored, by the hub's clock; undefined: it is surely not. */
  sentAt: number | undefined;
  /** When it went out last. */
  triedAt = 0;
  /** The store was given it. */
  isPut = false;
  #state: PublicationState = 'queued';
  readonly #events = new Emitter<{ state: (state: PublicationState) => void }>();
  #resolve: (answer: PublishAnswer) => void = () => {};
  #reject: (error: HubError) => void = () => {};
  #resolveKept: () => void = () => {};
  #rejectKept: (error: HubError) => void = () => {};

  constructor({ room, id, type, data, createdAt, sentAt }: PublicationSource, user?: string) {
    this.room = room;
    this.id = id;
    this.type = type ?? 'text';
    this.data = data;
    this.createdAt = createdAt;
    this.sentAt = sentAt;
    this.user = user;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.kept = new Promise((resolve, reject) => {
      this.#resolveKept = resolve;
      this.#rejectKept = reject;
    });
    // Whoever does not look at them sees the failure in `state`, or hears of the store's.
    this.done.catch(() => {});
    this.kept.catch(() => {});
  }

  get state(): PublicationState {
    return this.#state;
  }

  onState(listener: (state: PublicationState) => void): Off {
    return this.#events.on('state', listener);
  }

  /** The outbox's store has it, or failed to take it. */
  keep(failure?: HubError): void {
    if (failure) this.#rejectKept(failure);
    else this.#resolveKept();
  }

  move(state: 'queued' | 'sent'): void {
    this.#enter(state);
  }

  store(answer: PublishAnswer): void {
    this.#resolve(answer);
    this.#enter('stored');
  }

  fail(error: HubError): void {
    this.#reject(error);
    this.#rejectKept(error);
    this.#enter('failed');
  }

  #enter(state: PublicationState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#events.emit('state', state);
  }
}
