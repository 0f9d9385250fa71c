import type { CreateHubOptions } from '../../server/roomcast.js';

/** Where a server keeps what it keeps, and who else is there. */
export interface ServerPlace {
  /** Of its own, for this run. */
  readonly dataDir: string;
  /** Joins several of them. */
  readonly redisUrl?: string;
}

export type HubOptions = Omit<CreateHubOptions, 'server' | 'dataDir' | 'redisUrl' | 'io'>;

export interface StockOptions {
  /** permessage-deflate, as Socket.IO does it. */
  readonly deflate?: boolean;
  /** Emits to each member of the room in a loop of its own, instead of once to the room. */
  readonly perUser?: boolean;
}

/** What a server under load is asked. */
export interface ServerCalls<Options = object> {
  /** Opens it; it listens unless its connections are handed to it. */
  open(input: { place: ServerPlace; options: Options; listens: boolean }): Promise<{ port: number }>;
  /** Collects garbage, so that what stays is held. */
  collect(input: Record<never, never>): Promise<void>;
}
