import { randomBytes } from 'node:crypto';

interface SubscriberWatch {
  readonly intervalMs: number;
  up(): boolean;
  hear(channel: string, listener: (token: string) => void): () => void;
  /** Gives the number of connections that got it. */
  say(channel: string, token: string): Promise<number>;
  /** Asks for an answer on the subscriber's own connection, which makes itself anew when none comes. */
  ping(): Promise<unknown>;
  onSilent(reason: string): void;
}

/**
 * Publishes a token on a channel of this process's own again and again, and looks whether the subscriber hears it: a connection
 * can be alive and yet hear nothing. No clock decides: what Redis sends on one connection comes in order, so a token that was published
 * before the ping is there before its answer, or never.
 */
export function watchSubscriber(watch: SubscriberWatch): { stop(): void } {
  const channel = `roomcast:probe:${randomBytes(9).toString('base64url')}`;
  let round = 0;
  let heard = '';
  let probing = false;
  const unhear = watch.hear(channel, (token) => {
    heard = token;
  });
  const timer = setInterval(() => {
    if (probing || !watch.up()) return;
    probing = true;
    void probe(String(++round)).finally(() => {
      probing = false;
    });
  }, watch.intervalMs);
  timer.unref();

  async function probe(token: string): Promise<void> {
    // A token that could not be said tells nothing about who hears, but the ping is due all the same.
    const receivers = await watch.say(channel, token).catch(() => undefined);
    const answered = await watch.ping().then(
      () => true,
      () => false,
    );
    if (receivers === undefined || !answered || !watch.up() || heard === token) return;
    watch.onSilent(receivers === 0 ? 'not subscribed' : 'subscribed but silent');
  }

  return {
    stop() {
      clearInterval(timer);
      unhear();
    },
  };
}
