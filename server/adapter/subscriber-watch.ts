import { randomBytes } from 'node:crypto';

interface SubscriberWatch {
  readonly intervalMs: number;
  readonly answerMs: number;
  up(): boolean;
  hear(channel: string, listener: (token: string) => void): () => void;
  say(channel: string, token: string): Promise<number>;
  /** Asks for an answer on the subscriber's own connection, which makes itself anew when none comes. */
  ping(): Promise<unknown>;
  /** Messages heard so far: while there are more and more, the token is on its way behind them. */
  heard(): number;
  onSilent(reason: string): void;
}

/** Waits for a token that other messages are in front of. */
const LONGEST_WAITS = 6;

/**
 * Publishes a token on a channel of this process's own again and again, and looks whether the subscriber hears it: a connection
 * can be alive and yet hear nothing, half open, or cut off at Redis's side.
 */
export function watchSubscriber(watch: SubscriberWatch): { stop(): void } {
  const channel = `roomcast:probe:${randomBytes(9).toString('base64url')}`;
  let round = 0;
  let probing = false;
  let arrived: (token: string) => void = () => {};
  const unhear = watch.hear(channel, (token) => arrived(token));
  const timer = setInterval(() => {
    if (!watch.up()) return;
    watch.ping().catch(() => {});
    if (probing) return;
    probing = true;
    void probe(String(++round)).finally(() => {
      probing = false;
    });
  }, watch.intervalMs);
  timer.unref();

  async function probe(token: string): Promise<void> {
    let back = false;
    let wake = () => {};
    arrived = (said) => {
      if (said !== token) return;
      back = true;
      wake();
    };
    const receivers = await watch.say(channel, token).catch(() => undefined);
    // A token that could not be said tells nothing about who hears.
    if (receivers === undefined || !watch.up()) return;
    if (receivers === 0) return watch.onSilent('not subscribed');
    for (let waits = 0; !back && waits < LONGEST_WAITS; waits++) {
      const before = watch.heard();
      await new Promise<void>((resolve) => {
        const timeout = setTimeout(resolve, watch.answerMs);
        wake = () => {
          clearTimeout(timeout);
          resolve();
        };
      });
      if (!back && watch.heard() === before) break;
    }
    if (!back && watch.up()) watch.onSilent('subscribed but silent');
  }

  return {
    stop() {
      clearInterval(timer);
      unhear();
    },
  };
}
