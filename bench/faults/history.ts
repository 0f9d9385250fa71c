/** A place in an order: in one epoch of a room's log, or among one publisher's messages where the server has no positions. */
export interface Place {
  readonly stream: string;
  readonly seq: number;
}

/** One message from its publisher's side. Each has a value that no other has. Times are milliseconds since 1970. */
export interface Publication {
  readonly value: number;
  readonly room: string;
  readonly invokedMs: number;
  acked?: { readonly atMs: number; readonly place: Place; readonly repeated: boolean };
  /** Attempts that were refused, which says that nothing was stored. */
  refusals: number;
  /** Attempts whose end nobody told: the connection went, or the answer was `timeout`. */
  doubts: number;
  /** The code of a refusal after which a repetition makes no sense. */
  failed?: string;
}

/** What one reader of one room lived through, in its order. */
export type ReaderEvent =
  /** The first subscription stands, at this place where there are places. */
  | { readonly what: 'subscribed'; readonly atMs: number; readonly place: Place | undefined }
  /** The server said that messages are missing; the next one that comes is after this place. */
  | { readonly what: 'told'; readonly atMs: number; readonly place: Place }
  | { readonly what: 'read'; readonly atMs: number; readonly place: Place; readonly value: number };

export interface ReaderHistory {
  readonly reader: string;
  readonly room: string;
  readonly events: ReaderEvent[];
}

/** One entry of a room's log, read when all was over. */
export interface LogRead {
  readonly room: string;
  readonly place: Place;
  readonly value: number;
}

/**
 * `one-at-a-time`: a room has one order, whose stream changes only when the reader is told. `side-by-side`: each publisher has its own, and
 * nothing is ever told.
 */
export type Streams = 'one-at-a-time' | 'side-by-side';

export interface Histories {
  readonly streams: Streams;
  readonly publications: readonly Publication[];
  readonly readers: readonly ReaderHistory[];
  /** Left out where the server keeps none. */
  readonly log?: readonly LogRead[];
}
