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

export interface NewResultFile {
  readonly name: string;
  readonly contentType: string;
  readonly ttlMs: number;
  /** Whose share it counts in. */
  readonly holder: string;
}

/** A result file being written. Until `finish` nobody sees it. */
export interface ResultWriter {
  /**
   * Resolves when more may be written.
   * @throws HubError `too_large` past the store's limit, `unavailable`, `storage_full` past those of all results or of the holder's
   */
  write(chunk: string | Uint8Array): Promise<void>;
  finish(): Promise<{ file: string; bytes: number; contentType: string }>;
  /** Drops what was written. */
  abort(): Promise<void>;
}

/**
 * Port: results that are too large for a job's state: one file per job, read by range from any instance, kept for `ttlMs` after it was
 * finished. Each run of a job writes a file of its own; the last one finished is the job's. The files of one holder, and all, have a bound in
 * bytes: past it nothing is written, and what is kept stays.
 *
 * Failure: HubError `unavailable` when the store is away; `open` gives undefined when there is no such file (any more).
 */
export interface ResultStore {
  /** @throws HubError `storage_full` */
  create(jobId: string, file: NewResultFile): Promise<ResultWriter>;
  open(jobId: string): Promise<ResultFile | undefined>;
  /** Drops what runs of the job have left unfinished: none goes on. Left out, that ends by itself within the hour. */
  dropUnfinished?(jobId: string): Promise<void>;
  close(): Promise<void>;
}
