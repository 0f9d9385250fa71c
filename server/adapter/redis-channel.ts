import type { LinkLog } from './link-log.js';
import type { RedisClient } from './redis-client.js';
import type { RedisConnection } from './redis-connection.js';

/** What hears a channel. A listener that throws is logged and goes on hearing. */
export interface ChannelListener {
  message(payload: Buffer): void;
  /** Messages may have been missed. */
  doubt?(): void;
}

/** The connection that carries a subscription, and its confirmation. */
interface Subscription {
  readonly by: RedisConnection;
  readonly on: RedisClient;
  readonly confirmed: Promise<void>;
}

/** One sharded channel: who hears it here, and the one subscription that carries it to them. */
export class RedisChannel {
  readonly #listeners = new Set<ChannelListener>();
  #subscription: Subscription | undefined;
  /** It was subscribed once: what comes with a later subscription may not be all. */
  #heard = false;
  /** Its listeners are to be told so when the connection stands. */
  #doubtful = false;

  constructor(
    readonly name: string,
    private readonly log: Pick<LinkLog, 'error'>,
  ) {}

  add(listener: ChannelListener): void {
    this.#listeners.add(listener);
  }

  /** Gives whether it was the last one. */
  remove(listener: ChannelListener): boolean {
    return this.#listeners.delete(listener) && this.#listeners.size === 0;
  }

  isCarriedBy(connection: RedisConnection): boolean {
    return this.#subscription?.by === connection;
  }

  /** The confirmation of its subscription on the client; undefined: there is none. */
  confirmationOn(client: RedisClient): Promise<void> | undefined {
    return this.#subscription?.on === client ? this.#subscription.confirmed : undefined;
  }

  /**
   * Subscribes it on a connection's client.
   * @param ask sends the command; `deliver` is what takes the messages
   */
  subscribe(by: RedisConnection, on: RedisClient, ask: (deliver: (payload: Buffer) => void) => Promise<void>): Promise<void> {
    const confirmed = ask(this.#deliver).then(() => {
      this.#doubtful ||= this.#heard;
      this.#heard = true;
      if (by.ready()) this.tellDoubt();
    });
    this.#subscription = { by, on, confirmed };
    confirmed.catch(() => {
      if (this.#subscription?.confirmed === confirmed) this.forget();
    });
    return confirmed;
  }

  /** Redis ended its subscription. */
  forget(): void {
    this.#subscription = undefined;
  }

  /** Ends its subscription at Redis, if the connection is still the one that has it. */
  leave(): void {
    const { by, on } = this.#subscription ?? {};
    if (by && by.client === on) by.run((client) => client.sUnsubscribe(this.name, this.#deliver, true)).catch(() => {});
  }

  /** The connection stands: the listeners are told if it was subscribed anew. */
  tellDoubt(): void {
    if (!this.#doubtful) return;
    this.#doubtful = false;
    this.#tell([...this.#listeners], (listener) => listener.doubt?.());
  }

  readonly #deliver = (payload: Buffer): void => this.#tell(this.#listeners, (listener) => listener.message(payload));

  #tell(listeners: Iterable<ChannelListener>, call: (listener: ChannelListener) => void): void {
    for (const listener of listeners) {
      try {
        call(listener);
      } catch (error) {
        this.log.error({ err: error, channel: this.name }, 'Redis: a listener of the channel failed');
      }
    }
  }
}
