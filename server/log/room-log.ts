import type { Message, User } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';

/** A message before the log gave it its position and time. */
export interface NewMessage {
  readonly room: RoomName;
  readonly id: string;
  /** The id of a message of the room that must have been appended before, within the id window. */
  readonly after?: string | undefined;
  readonly type: string;
  readonly from: User;
  /** JSON values; `Buffer`s anywhere inside are kept as binary. */
  readonly data: unknown;
}

/** A message with its position taken apart. `message.position` is `epoch:seq`. A copy of an entry, or one sent to a thread, may lack `message` and `json`. */
export interface LogEntry {
  readonly epoch: string;
  readonly seq: number;
  /** Bytes of the message as it is encoded, roughly: as it is stored or as it was heard. */
  readonly bytes: number;
  /** Decoded when it is first asked for; the same object for all who ask. */
  readonly message: Message;
  /** The same message as JSON text, made for whoever asks, to be sent on; undefined where there is binary in it. */
  readonly json?: string | undefined;
  /** What is stored of the message, as text of JSON: enough to see at little cost what is not in it. Undefined where there is binary in it. */
  readonly text?: string | undefined;
}

/** How much of a room is kept: at least the newest `messages` younger than `ttlMs`; 0 means no limit of that sort. */
export interface Retention {
  readonly messages: number;
  readonly ttlMs: number;
}

/** Where a room's log stands. `first` is the oldest kept seq; an empty log has `first = last + 1`. */
export interface LogEnds {
  readonly epoch: string;
  readonly first: number;
  readonly last: number;
}

export interface LogPage extends LogEnds {
  /** Ascending, without holes. */
  readonly entries: readonly LogEntry[];
}

export interface LogRange {
  /** Exclusive lower bound. Default 0: from the oldest kept. */
  readonly after?: number;
  /** Exclusive upper bound. Default: up to the newest. */
  readonly before?: number;
  /** Entries at most; a page may end earlier at `BOUNDS.pageBytes`, never with no entry where there is one. */
  readonly limit: number;
  /** Which end of the range the page is cut from when the range has more than fits. */
  readonly from: 'oldest' | 'newest';
}

export interface Appended {
  readonly entry: Pick<LogEntry, 'epoch' | 'seq'> & { readonly time: number };
  /** The id was appended before, within the window: nothing was stored, this is the first one's place. */
  readonly repeated: boolean;
}

/** Who waits for an append: told once how it went, in no call of its own making. */
export interface AppendWaiter {
  appended(appended: Appended): void;
  refused(error: unknown): void;
}

export interface LogFollower {
  /** Each entry appended to the room on any instance, ascending; holes are possible after a fault, repeats too. */
  entry(entry: LogEntry): void;
  /** Entries may have been missed: compare with `ends`. */
  doubt(): void;
}

export interface LogRoom {
  readonly room: RoomName;
  readonly last: number;
  /** Milliseconds since 1970 of the newest entry, exact to 10 s. */
  readonly time: number;
}

/**
 * Port: the ordered, durable log of every room. The log is the truth about a room; what followers hear is a wake-up.
 *
 * Order: seqs of one room rise by 1 within an epoch, in one order for all readers. The epoch changes when, and only when,
 * entries were lost or the log was reset. `append` resolves once the entry is as durable as the engine makes it, and
 * followers of all instances hear it without another call. Appends that one caller makes to one room in one turn keep their order.
 * A room that was never written has ends `{ first: 1, last: 0 }` and an epoch that stays when it is first written.
 *
 * Failure: every method rejects with HubError `unavailable` within 2 s when the store cannot be reached, `storage_full` when it
 * takes no more; a rejected append is not in the log, or, after a time-out whose outcome nobody knows, is found by its
 * id when it is repeated. Nothing is queued while the store is away.
 */
export interface RoomLog {
  /** What a crash could lose, in one sentence, said at start. */
  readonly durability: string;
  append(message: NewMessage, retention: Retention): Promise<Appended>;
  /**
   * As `append`, for who has very many under way: what waits is one object, where a promise and what hangs on it are a dozen. Only engines that
   * make no promise themselves have it.
   * @throws HubError what is refused at once, of which the waiter is not told
   */
  appendFor?(message: NewMessage, retention: Retention, waiter: AppendWaiter): void;
  read(room: RoomName, range: LogRange): Promise<LogPage>;
  ends(room: RoomName): Promise<LogEnds>;
  /** Resolves once entries appended from now on are heard; gives the function that ends it. */
  follow(room: RoomName, follower: LogFollower): Promise<() => void>;
  /** Rooms with entries, most recently written first. */
  rooms(query: { prefix?: string; limit: number }): Promise<LogRoom[]>;
  close(): Promise<void>;
}
