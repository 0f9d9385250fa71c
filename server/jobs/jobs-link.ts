import type { RedisClientType } from 'redis';
import type { RedisTarget } from '../adapter/topology.js';

type None = Record<never, never>;
/** A node-redis client without modules, functions or scripts of its own, as the link has it. */
export type RedisClient = RedisClientType<None, None, None, 3, None>;

/** What jobs need of the link to Redis. */
export interface JobsLink {
  run<Result>(work: (client: RedisClient) => Promise<Result>): Promise<Result>;
  publish(channel: string, payload: string): Promise<number>;
  keepSubscribed(channel: string, listener: { message(payload: Buffer): void; doubt?(): void }): () => void;
  /** Where the master of a key is now. */
  locate(key: string): Promise<RedisTarget>;
}
