import { HubError } from '../../shared/errors.js';
import { asRead, isRedirection, replyCode, toHubError } from './command-errors.js';
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
  subscribed?: { readonly by: RedisConnection; readonly on: RedisClient; readonly confirmed: Promise<void> };
  /** It was subscribed once: what comes with a later subscription may not be all. */
  heard: boolean;
  /** Its listeners are to be told so when the connection stands. */
  doubtful: boolean;
}

interface Resubscription {
  readonly connection: RedisConnection;
  readonly client: RedisClient;
  readonly progress: () => void;
  readonly tried: Set<Channel>;
}

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

const CHANNELS_PER_BATCH = 500;
/** A slot that moves is found at its second place; more than a few redirections are a Cluster at odds with itself. */
const REDIRECTIONS = 5;

export function createRedisChannels({ carrier, onMoved, log }: ChannelsOptions): RedisChannels {
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
      const deliver = (payload: Buffer) => tell(name, listeners, (listener) => listener.message(payload));
      channel = { listeners, deliver, heard: false, doubtful: false };
      channels.set(name, channel);
    }
    channel.listeners.add(listener);
    return channel;
  }

  function remove(name: string, channel: Channel, listener: ChannelListener): void {
    if (!channel.listeners.delete(listener) || channel.listeners.size > 0 || channels.get(name) !== channel) return;
    channels.delete(name);
    // A subscription that stays behind costs a message that nobody hears; it ends with the connection.
    leave(name, channel);
  }

  function leave(name: string, { subscribed, deliver }: Channel): void {
    if (subscribed && subscribed.by.client === subscribed.on)
      subscribed.by.run((client) => client.sUnsubscribe(name, deliver, true)).catch(() => {});
  }

  function note(name: string, by: RedisConnection, on: RedisClient, asked: Promise<void>): Promise<void> {
    const channel = channels.get(name);
    if (!channel) return asked;
    const confirmed = asked.then(() => {
      channel.doubtful ||= channel.heard;
      channel.heard = true;
      if (by.ready()) tellDoubt(name, channel);
    });
    channel.subscribed = { by, on, confirmed };
    confirmed.catch(() => {
      if (channel.subscribed?.confirmed === confirmed) channel.subscribed = undefined;
    });
    return confirmed;
  }

  function confirm(name: string, channel: Channel): Promise<void> {
    const connection = carrier(name);
    if (!connection?.ready()) return Promise.reject(new HubError('unavailable', 'Redis cannot be reached.'));
    const { client, run } = connection;
    if (channel.subscribed?.on === client) return channel.subscribed.confirmed;
    const asked = run((ready) => ready.sSubscribe(name, channel.deliver, true));
    return note(name, connection, client, asked);
  }

  /** Confirms wherever the channel is by now. */
  async function pursue(name: string, channel: Channel): Promise<void> {
    for (let redirections = 0; ; redirections++) {
      try {
        return await confirm(name, channel);
      } catch (error) {
        if (!isRedirection(error) || redirections === REDIRECTIONS) return asRead(Promise.reject(toHubError(error)));
        await onMoved(error);
      }
    }
  }

  /** Gives whether there was one that is not among `tried`. */
  async function subscribeMissing({ connection, client, progress, tried }: Resubscription): Promise<boolean> {
    let batch: Promise<void>[] = [];
    let found = false;
    for (const [name, channel] of channels) {
      if (tried.has(channel) || carrier(name) !== connection) continue;
      found = true;
      tried.add(channel);
      const confirmed = note(name, connection, client, client.sSubscribe(name, channel.deliver, true));
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

  function tellDoubt(name: string, channel: Channel): void {
    if (!channel.doubtful) return;
    channel.doubtful = false;
    tell(name, [...channel.listeners], (listener) => listener.doubt?.());
  }

  return {
    async subscribe(name, listener) {
      const channel = add(name, listener);
      try {
        await pursue(name, channel);
      } catch (error) {
        remove(name, channel, listener);
        throw error;
      }
      return () => remove(name, channel, listener);
    },

    keepSubscribed(name, listener) {
      const channel = add(name, listener);
      pursue(name, channel).catch((error: HubError) => {
        if (error.code !== 'unavailable') log.error({ err: error, channel: name }, 'Redis: the channel cannot be subscribed');
      });
      return () => remove(name, channel, listener);
    },

    async resubscribe(connection, client, progress) {
      // Channels that come while others are being confirmed belong to this connection too.
      const tried = new Set<Channel>();
      while (await subscribeMissing({ connection, client, progress, tried })) progress();
    },

    follow() {
      for (const [name, channel] of channels) {
        const connection = carrier(name);
        if (!connection?.ready() || channel.subscribed?.on === connection.client) continue;
        leave(name, channel);
        // Where it fails for another reason, the connection is at fault, and subscribes all again when it is made anew.
        pursue(name, channel).catch(() => {});
      }
    },

    ended(connection, name) {
      const channel = channels.get(name);
      if (channel?.subscribed?.by === connection) channel.subscribed = undefined;
    },

    async complete(client) {
      // Answers come in order: what was asked before this is counted in its answer.
      const expected = [...channels.values()].filter((channel) => channel.subscribed?.on === client);
      const info = String(await client.sendCommand(['CLIENT', 'INFO']).catch(ignoreReply));
      const held = / ssub=(\d+)/.exec(info)?.[1];
      const still = expected.filter((channel) => channel.subscribed?.on === client).length;
      return held === undefined || Number(held) >= still;
    },

    doubt(connection) {
      for (const [name, channel] of channels) if (channel.subscribed?.by === connection) tellDoubt(name, channel);
    },
  };
}

/** Not every Redis lets its clients ask. */
function ignoreReply(error: unknown): string {
  if (replyCode(error) === undefined) throw error;
  return '';
}
