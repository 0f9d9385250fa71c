import { isRedirection } from './command-errors.js';
import type { RedisChannel } from './redis-channel.js';
import type { RedisClient } from './redis-client.js';
import type { RedisConnection } from './redis-connection.js';

interface Resubscription {
  readonly channels: ReadonlyMap<string, RedisChannel>;
  /** The connection that has to carry a channel. */
  carrier(channel: string): RedisConnection | undefined;
  readonly connection: RedisConnection;
  /** Its new one. */
  readonly client: RedisClient;
  /** Called as confirmations come. */
  progress(): void;
  /** As `ChannelsOptions.onMoved`. */
  onMoved(reply: unknown): Promise<void>;
}

const CHANNELS_PER_BATCH = 500;

/**
 * Subscribes all channels of a connection on its new client, those too that come while others are being confirmed.
 * @throws what Redis or the client throws, but for redirections
 */
export async function resubscribe(resubscription: Resubscription): Promise<void> {
  const tried = new Set<RedisChannel>();
  while (await subscribeMissing(resubscription, tried)) resubscription.progress();
}

/** Gives whether there was one that is not among `tried`. */
async function subscribeMissing(resubscription: Resubscription, tried: Set<RedisChannel>): Promise<boolean> {
  const { channels, carrier, connection, client, progress, onMoved } = resubscription;
  let batch: Promise<void>[] = [];
  let found = false;
  for (const [name, channel] of channels) {
    if (tried.has(channel) || carrier(name) !== connection) continue;
    found = true;
    tried.add(channel);
    const confirmed = channel.subscribe(connection, client, (deliver) => client.sSubscribe(name, deliver, true));
    // One that is elsewhere by now does not keep the others waiting.
    const settled = confirmed.catch((error: unknown) => {
      if (!isRedirection(error)) throw error;
      void onMoved(error);
    });
    if (batch.push(settled) < CHANNELS_PER_BATCH) continue;
    await Promise.all(batch);
    progress();
    batch = [];
  }
  await Promise.all(batch);
  return found;
}
