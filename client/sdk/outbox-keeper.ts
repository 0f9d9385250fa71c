import { HubError } from '../../shared/errors.js';
import type { Clock } from './clock.js';
import type { OutboxEntry, OutboxStore } from './outbox-store.js';
import type { OwnPublication } from './publication.js';

export interface OutboxKeeperOptions {
  readonly store: OutboxStore;
  readonly clock: Clock;
  /** Milliseconds after which an entry is too old to be sent. */
  readonly ttlMs: number;
  /** What the store failed at. */
  readonly onError: (error: HubError) => void;
}

/** A store that does not answer must not hold back what is new. */
const STORE_TIMEOUT_MS = 5_000;

/** The outbox's way to its store. What fails or hangs there is reported, and the messages go on from memory. */
export class OutboxKeeper {
  constructor(private readonly options: OutboxKeeperOptions) {}

  /** What is left of earlier; what is too old by now is removed. */
  async load(): Promise<OutboxEntry[]> {
    const { store, clock, ttlMs } = this.options;
    const entries = await inTime(store.load(), clock).catch((error) => {
      this.#report(error);
      return [];
    });
    const isOld = ({ createdAt }: OutboxEntry) => clock.now() - createdAt > ttlMs;
    for (const entry of entries) if (isOld(entry)) this.forget(entry);
    return entries.filter((entry) => !isOld(entry));
  }

  /** Once it is known whose it is. Resolves when the store has it, failed, or took too long. */
  async keep(publication: OwnPublication): Promise<void> {
    const { user } = publication;
    if (user === undefined) return;
    publication.isPut = true;
    const put = this.options.store.put(entryOf(publication, user)).then(
      () => publication.keep(),
      (error) => publication.keep(this.#report(error)),
    );
    await inTime(put, this.options.clock).catch((error) => this.#report(error));
  }

  forget({ room, id }: Pick<OutboxEntry, 'room' | 'id'>): void {
    this.options.store.remove({ room, id }).catch((error) => this.#report(error));
  }

  async close(): Promise<void> {
    await this.options.store.close().catch(() => {});
  }

  #report(error: unknown): HubError {
    const failure = new HubError('internal', `the outbox store failed: ${error instanceof Error ? error.message : String(error)}`);
    this.options.onError(failure);
    return failure;
  }
}

function entryOf({ room, id, type, data, createdAt, sentAt }: OwnPublication, user: string): OutboxEntry {
  return { room, id, ...(type !== 'text' && { type }), data, user, createdAt, ...(sentAt !== undefined && { sentAt }) };
}

function inTime<Value>(work: Promise<Value>, clock: Clock): Promise<Value> {
  return new Promise((resolve, reject) => {
    const cancel = clock.schedule(STORE_TIMEOUT_MS, () => reject(new Error(`no answer within ${STORE_TIMEOUT_MS} ms`)));
    work.then(resolve, reject).finally(cancel);
  });
}
