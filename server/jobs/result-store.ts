/** A finished result file. */
export interface ResultFile {
  readonly name: string;
  readonly contentType: string;
  readonly bytes: number;
  /** Letters and digits; another one for each run that finished a file: parts of two are not put together. */
  readonly version: string;
  /** Its bytes from `start` up to and including `end`, in chunks; by default all of it. */
  read(range?: { start: number; end: number }): AsyncIterable<Uint8Array>;
}

/** A result file being written. Until `finish` nobody sees it. */
export interface ResultWriter {
  /**
   * Resolves when more may be written.
   * @throws HubError `too_large` past the store's limit, `unavailable`, `storage_full`
   */
  write(chunk: string | Uint8Array): Promise<void>;
  finish(): Promise<{ file: string; bytes: number; contentType: string }>;
  /** Drops what was written. */
  abort(): Promise<void>;
}

/**
 * Port: results that are too large for a job's state: one file per job, read by range from any instance, kept for `ttlMs` after it was
 * finished. Each run of a job writes a file of its own; the last one finished is the job's.
 *
 * Failure: HubError `unavailable` when the store is away; `open` gives undefined when there is no such file (any more).
 */
export interface ResultStore {
  create(jobId: string, file: { name: string; contentType: string; ttlMs: number }): Promise<ResultWriter>;
  open(jobId: string): Promise<ResultFile | undefined>;
  close(): Promise<void>;
}
