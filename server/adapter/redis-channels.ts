import { HubError } from '../../shared/errors.js';
import type { LinkLog, RedisClient, RedisConnection } from './redis-connection.js';

/** What hears a channel. A listener that throws is logged and goes on hearing. */
export interface ChannelListener {
  message(payload: Buffer): void;
  /** Messages may have been missed. */
  doubt?(): void;
}

interface Channel {
  readonly listeners: Set<ChannelListener>;
  readonly deliver: (payload: Buffer) => void;
  /** The connection that carries the subscription, and its confirmation. */
  subscribed?: { readonly on: RedisClient; readonly confirmed: Promise<void> };
}

/** Many listeners on few subscriptions: each channel is subscribed once, whoever hears it, and again on each new connection. */
export interface RedisChannels {
  /** @throws HubError `unavailable` when Redis does not confirm in time; the listener then hears nothing */
  subscribe(channel: string, listener: ChannelListener): Promise<() => void>;
  /** Hears the channel whenever there is a connection. */
  keepSubscribed(channel: string, listener: ChannelListener): () => void;
  /** Subscribes every channel on a new connection; `progress` is called as confirmations come. */
  resubscribe(client: RedisClient, progress: () => void): Promise<void>;
  doubt(): void;
}

const CHANNELS_PER_BATCH = 500;

export function createRedisChannels({ connection, log }: { connection: () => RedisConnection; log: LinkLog }): RedisChannels {
  const channels = new Map<string, Channel>();

  function tell(channel: string, listeners: Iterable<ChannelListener>, call: (listener: ChannelListener) => void): void {
    for (const listener of listeners) {
      try {
        call(listener);
      } catch (error) {
        log.error({ err: error, channel }, 'Redis: a listener of the channel failed');
      }
    }
  }

  function add(name: string, listener: ChannelListener): Channel {
    let channel = channels.get(name);
    if (!channel) {
      const listeners = new Set<ChannelListener>();
      channel = { listeners, deliver: (payload) => tell(name, listeners, (listener) => listener.message(payload)) };
      channels.set(name, channel);
    }
    channel.listeners.add(listener);
    return channel;
  }

  function remove(name: string, channel: Channel, listener: ChannelListener): void {
    if (!channel.listeners.delete(listener) || channel.listeners.size > 0 || channels.get(name) !== channel) return;
    channels.delete(name);
    const { client, run } = connection();
    // A subscription that stays behind costs a message that nobody hears; it ends with the connection.
    if (channel.subscribed?.on === client) run(() => client.sUnsubscribe(name, channel.deliver, true)).catch(() => {});
  }

  function confirm(name: string, channel: Channel): Promise<void> {
    const { client, run, ready } = connection();
    if (!ready()) return Promise.reject(new HubError('unavailable', 'Redis cannot be reached.'));
    if (channel.subscribed?.on !== client) {
      channel.subscribed = { on: client, confirmed: run(() => client.sSubscribe(name, channel.deliver, true)) };
      channel.subscribed.confirmed.catch(() => {
        if (channel.subscribed?.on === client) channel.subscribed = undefined;
      });
    }
    return channel.subscribed.confirmed;
  }

  /** Gives whether there was one. */
  async function subscribeMissing(client: RedisClient, progress: () => void): Promise<boolean> {
    let batch: Promise<void>[] = [];
    let found = false;
    for (const [name, channel] of channels) {
      if (channel.subscribed?.on === client) continue;
      found = true;
      channel.subscribed = { on: client, confirmed: client.sSubscribe(name, channel.deliver, true) };
      if (batch.push(channel.subscribed.confirmed) < CHANNELS_PER_BATCH) continue;
      await Promise.all(batch);
      progress();
      batch = [];
    }
    await Promise.all(batch);
    return found;
  }

  return {
    async subscribe(name, listener) {
      const channel = add(name, listener);
      try {
        await confirm(name, channel);
      } catch (error) {
        remove(name, channel, listener);
        throw error;
      }
      return () => remove(name, channel, listener);
    },

    keepSubscribed(name, listener) {
      const channel = add(name, listener);
      confirm(name, channel).catch((error: unknown) => {
        const known = error instanceof HubError && error.code === 'unavailable';
        if (!known) log.error({ err: error, channel: name }, 'Redis: the channel cannot be subscribed');
      });
      return () => remove(name, channel, listener);
    },

    async resubscribe(client, progress) {
      // Channels that come while others are being confirmed belong to this connection too.
      while (await subscribeMissing(client, progress)) progress();
    },

    doubt() {
      for (const [name, { listeners }] of channels) tell(name, [...listeners], (listener) => listener.doubt?.());
    },
  };
}
