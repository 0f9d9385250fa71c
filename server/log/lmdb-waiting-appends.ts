import { HubError } from '../../shared/errors.js';
import type { StoreSpace } from './disk-space.js';
import { encodeBody } from './entry-codec.js';
import type { Append } from './lmdb-transaction.js';
import type { AppendWaiter, NewMessage, Retention } from './room-log.js';

export interface WaitingAppend extends Append {
  waiter: AppendWaiter;
}

const MAX_WAITING = 20_000;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** Appends that wait for the disk, in their order. Each has its space on the disk until it is stored or refused. */
export class WaitingAppends {
  #waiting: WaitingAppend[] = [];
  #bytes = 0;

  constructor(private readonly space: Pick<StoreSpace, 'take' | 'release'>) {}

  get size(): number {
    return this.#waiting.length;
  }

  /** @throws HubError `invalid` for what cannot be stored, `unavailable` when too many wait, `storage_full` */
  add(message: NewMessage, retention: Retention, waiter: AppendWaiter): void {
    const body = encodeBody(message);
    const bytes = Buffer.byteLength(body);
    if (this.#waiting.length >= MAX_WAITING || this.#bytes + bytes > MAX_WAITING_BYTES) {
      throw new HubError('unavailable', 'Too many messages wait for the disk; nothing was stored.');
    }
    this.space.take(bytes);
    this.#bytes += bytes;
    this.#waiting.push({ room: message.room, id: message.id, after: message.after, body, bytes, retention, waiter });
  }

  /** The first ones, `most` at most. They are not waiting any more; `release` must follow. */
  take(most: number): WaitingAppend[] {
    const taken = this.#waiting.splice(0, most);
    this.#bytes -= taken.reduce((bytes, one) => bytes + one.bytes, 0);
    return taken;
  }

  /** They were stored or refused. */
  release(taken: readonly WaitingAppend[]): void {
    for (const { bytes } of taken) this.space.release(bytes);
  }
}
