import { DURABILITY_UNKNOWN, readRedisFacts } from './durability.js';
import { type ChannelListener, createRedisChannels } from './redis-channels.js';
import { type LinkLog, openRedisConnection, type RedisClient } from './redis-connection.js';
import { watchSubscriber } from './subscriber-watch.js';

export interface RedisLinkOptions {
  /** `redis://` or `rediss://`, with user, password and database where there are some. */
  readonly url: string;
  /** A command without an answer for this long is refused, and its connection made anew. */
  readonly commandTimeoutMs?: number;
  /** How often the link looks whether its subscriptions still hear; at most 5,000. */
  readonly probeIntervalMs?: number;
  readonly log: LinkLog;
  readonly random?: () => number;
}

export interface LinkCounters {
  /** Publications through `publish` that failed. */
  publishFailures: number;
  /** Connections made anew, the first ones not counted. */
  reconnects: number;
  /** Subscribers found silent, and made anew for it. */
  silences: number;
}

/**
 * This process's link to Redis: one connection for commands, one for subscriptions. It is never given up: without Redis at start
 * too it goes on trying, at least once a second. Nothing is queued while it is down.
 */
export interface RedisLink {
  /** The command client of now. Ask again for each use: after a fault it is another one. */
  readonly command: RedisClient;
  /** @throws HubError as `RedisConnection.run` */
  run<Result>(work: (client: RedisClient) => Promise<Result>): Promise<Result>;
  /** Both connections stand. */
  ready(): boolean;
  /** Resolves when both connections stand, at once if they do. */
  whenUp(): Promise<void>;
  onUp(listener: () => void): () => void;
  onDown(listener: (reason: string) => void): () => void;
  /** Runs on each new command connection before any command does, and now if there is one: to load scripts. */
  onConnect(prepare: (client: RedisClient) => Promise<unknown>): () => void;
  /**
   * Hears a sharded channel; resolves once Redis confirmed it. After a reconnection each listener is told `doubt`.
   * @throws HubError `unavailable` when Redis does not confirm in time; the listener then hears nothing
   */
  subscribe(channel: string, listener: ChannelListener): Promise<() => void>;
  /** As `subscribe`, for a listener that can wait: it hears the channel whenever the link stands. */
  keepSubscribed(channel: string, listener: ChannelListener): () => void;
  /** SPUBLISH; gives the number of connections that got it. A failure is counted, logged and thrown. */
  publish(channel: string, payload: string | Buffer): Promise<number>;
  /** What a crash of Redis could lose, as its settings say. */
  readonly durability: string;
  readonly counters: Readonly<LinkCounters>;
  close(): Promise<void>;
}

export function openRedisLink(options: RedisLinkOptions): RedisLink {
  const { url, log, commandTimeoutMs = 1_500, probeIntervalMs = 2_000, random = Math.random } = options;
  const counters: LinkCounters = { publishFailures: 0, reconnects: 0, silences: 0 };
  const up = new Set<() => void>();
  const down = new Set<(reason: string) => void>();
  const preparations = new Set<(client: RedisClient) => Promise<unknown>>();
  const connections = { command: false, subscriber: false };
  let state: 'down' | 'up' | 'closed' = 'down';
  let durability = DURABILITY_UNKNOWN;
  let subscribedBefore = false;
  let doubtful = false;
  const channels = createRedisChannels({ connection: () => subscriber, log });

  const command = openRedisConnection({
    ...{ name: 'command', url, commandTimeoutMs, log, random },
    async prepare(client) {
      const facts = await readRedisFacts(client);
      if (facts.durability !== durability) {
        durability = facts.durability;
        log[facts.lossy ? 'warn' : 'info']({ redis: facts.version }, durability);
      }
      if (Number.parseInt(facts.version, 10) < 7) log.error({ redis: facts.version }, 'Redis 7.0 or newer is needed (sharded pub/sub)');
      await Promise.all([...preparations].map((prepare) => prepare(client)));
    },
    onReady: () => connected('command'),
    onLost: (reason) => disconnected('command', reason),
  });

  const subscriber = openRedisConnection({
    ...{ name: 'subscriber', url, commandTimeoutMs, log, random },
    prepare: (client, progress) => channels.resubscribe(client, progress),
    onReady() {
      doubtful = subscribedBefore;
      subscribedBefore = true;
      connected('subscriber');
    },
    onLost: (reason) => disconnected('subscriber', reason),
  });

  function tell<Listener>(listeners: Iterable<Listener>, call: (listener: Listener) => void): void {
    for (const listener of [...listeners]) {
      try {
        call(listener);
      } catch (error) {
        log.error({ err: error }, 'Redis: a listener of the link failed');
      }
    }
  }

  function connected(name: keyof typeof connections): void {
    connections[name] = true;
    if (state !== 'down' || !connections.command || !connections.subscriber) return;
    state = 'up';
    log.info({ redis: redact(url) }, 'Redis: connected');
    tell(up, (listener) => listener());
    if (doubtful) channels.doubt();
    doubtful = false;
  }

  function disconnected(name: keyof typeof connections, reason: string): void {
    connections[name] = false;
    counters.reconnects++;
    if (state !== 'up') return;
    state = 'down';
    tell(down, (listener) => listener(reason));
  }

  const probe = watchSubscriber({
    intervalMs: Math.min(probeIntervalMs, 5_000),
    up: () => state === 'up',
    hear: (channel, listener) => channels.keepSubscribed(channel, { message: (payload) => listener(payload.toString()) }),
    say: (channel, token) => command.run((client) => client.sPublish(channel, token)),
    ping: () => subscriber.run((client) => client.ping()),
    onSilent(reason) {
      counters.silences++;
      subscriber.rebuild(reason);
    },
  });

  const onUp = (listener: () => void) => {
    up.add(listener);
    return () => up.delete(listener);
  };

  return {
    get command() {
      return command.client;
    },
    run: command.run,
    ready: () => state === 'up',
    whenUp: () =>
      new Promise((resolve) => {
        if (state === 'up') return resolve();
        const off = onUp(() => {
          off();
          resolve();
        });
      }),
    onUp,
    onDown(listener) {
      down.add(listener);
      return () => down.delete(listener);
    },
    onConnect(prepare) {
      preparations.add(prepare);
      if (command.ready()) command.run(prepare).catch((error) => log.error({ err: error }, 'Redis: preparing the connection failed'));
      return () => preparations.delete(prepare);
    },
    subscribe: channels.subscribe,
    keepSubscribed: channels.keepSubscribed,
    async publish(channel, payload) {
      try {
        return await command.run((client) => client.sPublish(channel, payload));
      } catch (error) {
        counters.publishFailures++;
        if (command.ready()) log.warn({ err: error, channel }, 'Redis: a publication failed');
        throw error;
      }
    },
    get durability() {
      return durability;
    },
    counters,
    async close() {
      state = 'closed';
      probe.stop();
      await Promise.all([command.close(), subscriber.close()]);
    },
  };
}

function redact(url: string): string {
  const parsed = new URL(url);
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}
