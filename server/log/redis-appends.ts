import { HubError } from '../../shared/errors.js';
import type { RoomName } from '../../shared/rooms.js';
import type { EncodedBody } from './entry-codec.js';
import type { Appended, Retention } from './room-log.js';

/** Messages of one room that go to Redis in one command, in their order. */
export interface AppendBatch {
  readonly room: RoomName;
  readonly retention: Retention;
  /** Whether the bodies are JSON; the others are MessagePack. */
  readonly text: boolean;
  /** Id, the id it comes after ('' where it does not say), and body of each. */
  readonly args: EncodedBody[];
}

export interface NewAppend {
  readonly room: RoomName;
  readonly id: string;
  readonly after?: string | undefined;
  readonly body: EncodedBody;
  readonly retention: Retention;
}

interface Waiting {
  resolve(appended: Appended): void;
  reject(error: unknown): void;
}

interface Gathered extends AppendBatch {
  readonly waiting: Waiting[];
  bytes: number;
}

/** What one command carries at most: Redis does nothing else meanwhile. */
const APPENDS_PER_COMMAND = 64;
const BYTES_PER_COMMAND = 1024 * 1024;
const MAX_WAITING = 50_000;

/**
 * Gathers the appends of one turn of the event loop, so that those of one room share a command. Appends to one room are sent in the order
 * in which they came.
 * @param send runs one command and gives what became of each of its messages, in their order; undefined where what it comes after is not there
 */
export function gatherAppends(
  send: (batch: AppendBatch) => Promise<readonly (Appended | undefined)[]>,
): (append: NewAppend) => Promise<Appended> {
  let gathered: Gathered[] = [];
  /** The batch of each room that still takes messages. */
  const open = new Map<RoomName, Gathered>();
  let waitingNow = 0;

  function batchFor({ room, retention, body }: NewAppend): Gathered {
    const text = typeof body === 'string';
    const there = open.get(room);
    if (there && there.text === text && isSame(there.retention, retention) && hasSpace(there)) return there;
    const batch: Gathered = { room, retention, text, args: [], waiting: [], bytes: 0 };
    open.set(room, batch);
    if (gathered.push(batch) === 1) setImmediate(flush);
    return batch;
  }

  function flush(): void {
    const batches = gathered;
    gathered = [];
    open.clear();
    for (const batch of batches) void settle(batch);
  }

  async function settle(batch: Gathered): Promise<void> {
    const { waiting } = batch;
    try {
      const appended = await send(batch);
      for (const [i, { resolve, reject }] of waiting.entries()) {
        const there = appended[i];
        if (there) resolve(there);
        else reject(new HubError('out_of_order'));
      }
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    } finally {
      waitingNow -= waiting.length;
    }
  }

  return (append) => {
    if (waitingNow >= MAX_WAITING)
      return Promise.reject(new HubError('unavailable', 'Too many messages wait for Redis; nothing was stored.'));
    waitingNow++;
    return new Promise((resolve, reject) => {
      const batch = batchFor(append);
      batch.args.push(append.id, append.after ?? '', append.body);
      batch.bytes += append.body.length;
      batch.waiting.push({ resolve, reject });
    });
  };
}

const hasSpace = ({ waiting, bytes }: Gathered) => waiting.length < APPENDS_PER_COMMAND && bytes < BYTES_PER_COMMAND;

const isSame = (one: Retention, other: Retention) => one.messages === other.messages && one.ttlMs === other.ttlMs;
