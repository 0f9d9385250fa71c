import type { RoomName } from '../../../shared/rooms.js';

/** Names one chunk of one series: `CHUNK_BUCKETS` buckets of `stepMs` from `start` on. */
export interface ChunkRef {
  readonly stepMs: number;
  /** Milliseconds since 1970, a multiple of the chunk's length. */
  readonly start: number;
  readonly series: string;
}

export interface Chunk extends ChunkRef {
  /** As `encodeChunk` writes them. */
  readonly bytes: Buffer;
}

export interface RollupCommit {
  /** The mark that the chunks were read under; undefined: there was none. */
  readonly from: string | undefined;
  /** Position in the room's log up to which the chunks have its samples. */
  readonly to: string;
  /** In the place of those that were there. */
  readonly chunks: readonly Chunk[];
  /** Series to be listed, each up to this time; an earlier time than the one known changes nothing. */
  readonly names: readonly { readonly series: string; readonly until: number }[];
}

/**
 * Port: what metric rooms had per bucket of time and series, rolled up from their logs.
 *
 * Exactness: a room has one mark, the log's position up to which its chunks were made. `commit` writes chunks and mark as one, and only
 * when the mark is still the one that the chunks were read under: of several who roll the same entries up, one does. So a
 * repetition, a crash between two commits, or another instance counts nothing twice and leaves nothing out.
 *
 * Age: a chunk is kept for its level's `ttlMs` after its end, and may be gone at any time after; a mark and the names of series
 * for the longest of these times after the last commit.
 *
 * Failure: rejects with HubError, `unavailable` or `timeout` within 2 s when the store cannot be reached, `storage_full` when it takes no more.
 */
export interface RollupStore {
  mark(room: RoomName): Promise<string | undefined>;
  /** The chunks in the order of `refs`, undefined where there is none, and the mark that they were all written under. */
  read(room: RoomName, refs: readonly ChunkRef[]): Promise<{ mark: string | undefined; chunks: (Buffer | undefined)[] }>;
  /** False: the mark is another by now, and nothing was written. */
  commit(room: RoomName, commit: RollupCommit): Promise<boolean>;
  /** Series that are listed up to a time after `since`. */
  series(room: RoomName, since: number): Promise<string[]>;
  close(): Promise<void>;
}
