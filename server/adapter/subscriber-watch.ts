interface SubscriberWatch {
  readonly intervalMs: number;
  up(): boolean;
  /** A channel of this process's own which the watched connection carries now; asked again before each look. */
  channel(): string;
  hear(channel: string, listener: (token: string) => void): () => void;
  /** Gives the number of connections that got it. */
  say(channel: string, token: string): Promise<number>;
  /** Asks on the subscriber's own connection, which makes itself anew when no answer comes, whether it still has all its subscriptions. */
  complete(): Promise<boolean>;
  onSilent(reason: string): void;
}

/**
 * Publishes a token on a channel of this process's own again and again, and looks whether the subscriber hears it: a connection
 * can be alive and yet hear nothing, or have lost one subscription of many. No clock decides: what Redis sends on one connection comes in order, so a token that was published
 * before the question is there before its answer, or never.
 */
export function watchSubscriber(watch: SubscriberWatch): { stop(): void } {
  let channel = '';
  let unhear = () => {};
  let round = 0;
  let heard = '';
  let probing = false;
  const timer = setInterval(() => {
    if (probing || !watch.up()) return;
    if (!listens()) return;
    probing = true;
    void probe(String(++round)).finally(() => {
      probing = false;
    });
  }, watch.intervalMs);
  timer.unref();

  /** False while a new channel is being subscribed: the next look uses it. */
  function listens(): boolean {
    const carried = watch.channel();
    if (carried === channel) return true;
    unhear();
    channel = carried;
    unhear = watch.hear(channel, (token) => {
      heard = token;
    });
    return false;
  }
  listens();

  async function probe(token: string): Promise<void> {
    // A token that could not be said tells nothing about who hears, but the question is due all the same.
    const receivers = await watch.say(channel, token).catch(() => undefined);
    const complete = await watch.complete().catch(() => undefined);
    if (complete === undefined || !watch.up()) return;
    if (!complete) watch.onSilent('a subscription is lost');
    else if (receivers !== undefined && heard !== token) watch.onSilent(receivers === 0 ? 'not subscribed' : 'subscribed but silent');
  }

  return {
    stop() {
      clearInterval(timer);
      unhear();
    },
  };
}
