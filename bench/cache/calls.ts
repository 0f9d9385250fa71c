/** How the instances read one key through their cache. */
export interface ReadRequest {
  readonly key: string;
  /** Milliseconds that one computation takes. */
  readonly computeMs: number;
  /** As `hub.cache.read` takes them; without a time to live each asker computes for itself. */
  readonly ttlMs: number;
  readonly staleMs: number;
}

export interface ReadFigures {
  readonly latenciesMs: readonly number[];
  readonly computed: number;
  readonly errors: number;
  /** Part of the window in which the asking event loop did not wait. */
  readonly busyPercent: number;
}

export interface InstanceCalls {
  open(input: { redisUrl: string; dataDir: string }): Promise<{ pid: number }>;
  /** So many ask at once. */
  burst(input: ReadRequest & { askers: number }): Promise<ReadFigures>;
  /** They ask at a steady rate. */
  stream(input: ReadRequest & { perSecond: number; seconds: number }): Promise<ReadFigures>;
}
