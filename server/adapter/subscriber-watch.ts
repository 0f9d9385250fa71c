import { randomBytes } from 'node:crypto';

interface SubscriberWatch {
  readonly intervalMs: number;
  readonly answerMs: number;
  up(): boolean;
  hear(channel: string, listener: (token: string) => void): () => void;
  say(channel: string, token: string): Promise<number>;
  /** Asks for an answer on the subscriber's own connection, which makes itself anew when none comes. */
  ping(): Promise<unknown>;
  onSilent(reason: string): void;
}

/**
 * Publishes a token on a channel of this process's own again and again, and looks whether the subscriber hears it: a connection
 * can be alive and yet hear nothing, half open, or cut off at Redis's side.
 */
export function watchSubscriber(watch: SubscriberWatch): { stop(): void } {
  const channel = `roomcast:probe:${randomBytes(9).toString('base64url')}`;
  let round = 0;
  let heard: (token: string) => void = () => {};
  const unhear = watch.hear(channel, (token) => heard(token));
  const timer = setInterval(() => {
    if (!watch.up()) return;
    watch.ping().catch(() => {});
    void probe(String(++round));
  }, watch.intervalMs);
  timer.unref();

  async function probe(token: string): Promise<void> {
    const back = new Promise<boolean>((resolve) => {
      const timeout = setTimeout(resolve, watch.answerMs, false);
      heard = (said) => {
        if (said !== token) return;
        clearTimeout(timeout);
        resolve(true);
      };
    });
    const receivers = await watch.say(channel, token).catch(() => undefined);
    // A token that could not be said tells nothing about who hears.
    if (receivers === undefined || !watch.up()) return;
    if (receivers === 0) watch.onSilent('not subscribed');
    else if (!(await back) && watch.up()) watch.onSilent('subscribed but silent');
  }

  return {
    stop() {
      clearInterval(timer);
      unhear();
    },
  };
}
