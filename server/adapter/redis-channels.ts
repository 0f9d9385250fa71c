import { HubError } from '../../shared/errors.js';
import { asRead, isRedirection, replyCode, toHubError } from './command-errors.js';
import type { LinkLog } from './link-log.js';
import { type ChannelListener, RedisChannel } from './redis-channel.js';
import type { RedisClient } from './redis-client.js';
import type { RedisConnection } from './redis-connection.js';
import { resubscribe } from './redis-resubscription.js';

/** Many listeners on few subscriptions: each channel is subscribed once, whoever hears it, and again on each new connection. */
export interface RedisChannels {
  /** @throws HubError `unavailable` when Redis does not confirm in time; the listener then hears nothing */
  subscribe(channel: string, listener: ChannelListener): Promise<() => void>;
  /** Hears the channel whenever there is a connection. */
  keepSubscribed(channel: string, listener: ChannelListener): () => void;
  /** Subscribes every channel of a connection on its new client; `progress` is called as confirmations come. */
  resubscribe(connection: RedisConnection, client: RedisClient, progress: () => void): Promise<void>;
  /** Subscribes what another connection carries now. */
  follow(): void;
  /** Redis ended this connection's subscription. */
  ended(connection: RedisConnection, channel: string): void;
  /** Whether Redis has all subscriptions that this client was told of: it ends some without a word that reaches us. */
  complete(client: RedisClient): Promise<boolean>;
  /** The connection stands: listeners of the channels that it subscribed again are told `doubt`. */
  doubt(connection: RedisConnection): void;
}

export interface ChannelsOptions {
  /** The connection that has to carry a channel; undefined: nobody knows now. */
  carrier(channel: string): RedisConnection | undefined;
  /** A channel was looked for where it is not any more, as this reply says; resolves when `carrier` may know better. */
  onMoved(reply: unknown): Promise<void>;
  readonly log: LinkLog;
}

/** A slot that moves is found at its second place; more than a few redirections are a Cluster at odds with itself. */
const REDIRECTIONS = 5;

export function createRedisChannels({ carrier, onMoved, log }: ChannelsOptions): RedisChannels {
  const channels = new Map<string, RedisChannel>();

  function add(name: string, listener: ChannelListener): RedisChannel {
    const channel = channels.get(name) ?? new RedisChannel(name, log);
    channels.set(name, channel);
    channel.add(listener);
    return channel;
  }

  function remove(channel: RedisChannel, listener: ChannelListener): void {
    if (!channel.remove(listener) || channels.get(channel.name) !== channel) return;
    channels.delete(channel.name);
    // A subscription that stays behind costs a message that nobody hears; it ends with the connection.
    channel.leave();
  }

  function confirm(channel: RedisChannel): Promise<void> {
    const connection = carrier(channel.name);
    if (!connection?.ready()) return Promise.reject(new HubError('unavailable', 'Redis cannot be reached.'));
    const { client, run } = connection;
    const ask = (deliver: (payload: Buffer) => void) => run((ready) => ready.sSubscribe(channel.name, deliver, true));
    return channel.confirmationOn(client) ?? channel.subscribe(connection, client, ask);
  }

  /** Confirms wherever the channel is by now. */
  async function pursue(channel: RedisChannel): Promise<void> {
    for (let redirections = 0; ; redirections++) {
      try {
        return await confirm(channel);
      } catch (error) {
        if (!isRedirection(error) || redirections === REDIRECTIONS) return asRead(Promise.reject(toHubError(error)));
        await onMoved(error);
      }
    }
  }

  return {
    async subscribe(name, listener) {
      const channel = add(name, listener);
      try {
        await pursue(channel);
      } catch (error) {
        remove(channel, listener);
        throw error;
      }
      return () => remove(channel, listener);
    },

    keepSubscribed(name, listener) {
      const channel = add(name, listener);
      pursue(channel).catch((error: HubError) => {
        if (error.code !== 'unavailable') log.error({ err: error, channel: name }, 'Redis: the channel cannot be subscribed');
      });
      return () => remove(channel, listener);
    },

    resubscribe: (connection, client, progress) => resubscribe({ channels, carrier, connection, client, progress, onMoved }),

    follow() {
      for (const [name, channel] of channels) {
        const connection = carrier(name);
        if (!connection?.ready() || channel.confirmationOn(connection.client)) continue;
        channel.leave();
        // Where it fails for another reason, the connection is at fault, and subscribes all again when it is made anew.
        pursue(channel).catch(() => {});
      }
    },

    ended(connection, name) {
      const channel = channels.get(name);
      if (channel?.isCarriedBy(connection)) channel.forget();
    },

    async complete(client) {
      // Answers come in order: what was asked before this is counted in its answer.
      const expected = [...channels.values()].filter((channel) => channel.confirmationOn(client));
      const info = String(await client.sendCommand(['CLIENT', 'INFO']).catch(ignoreReply));
      const held = / ssub=(\d+)/.exec(info)?.[1];
      const still = expected.filter((channel) => channel.confirmationOn(client)).length;
      return held === undefined || Number(held) >= still;
    },

    doubt(connection) {
      for (const channel of channels.values()) if (channel.isCarriedBy(connection)) channel.tellDoubt();
    },
  };
}

/** Not every Redis lets its clients ask. */
function ignoreReply(error: unknown): string {
  if (replyCode(error) === undefined) throw error;
  return '';
}
