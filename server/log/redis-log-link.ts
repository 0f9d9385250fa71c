import type { RESP_TYPES } from 'redis';

/** The part of node-redis' client that this engine uses. */
export interface LogClient {
  sendCommand(args: (string | Buffer)[], options?: { typeMapping: { [RESP_TYPES.BLOB_STRING]: typeof Buffer } }): Promise<unknown>;
}

/** What this engine asks of the link to Redis. */
export interface LogLink {
  ready(): boolean;
  /** @throws HubError within 2 s: `unavailable` and `storage_full` when nothing was stored, `timeout` when it may have been */
  run<Result>(work: (client: LogClient) => Promise<Result>): Promise<Result>;
  /** Runs on each new connection before any command does. */
  onConnect(prepare: (client: LogClient) => Promise<unknown>): () => void;
  /** Hears a sharded channel; `doubt`: messages may have been missed. */
  subscribe(channel: string, listener: { message(payload: Buffer): void; doubt(): void }): Promise<() => void>;
  /** What a crash of Redis could lose, in one sentence. */
  readonly durability: string;
}
