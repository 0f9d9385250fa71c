import type { Ask } from './requests.js';

/** A connection as far as it is judged by what comes over it. */
interface Heard {
  /** Events and answers that have come from the hub. */
  readonly heard: number;
  leave(why: string): void;
}

/**
 * Asks, and leaves a connection over which the hub does not answer: two requests, one after the other, and nothing else has come since the
 * first. One alone says little: a process that had no turn for so long finds its timers due before it reads what has come.
 */
export function leaveWhenSilent(ask: Ask, connection: Heard): Ask {
  let silentAt: number | undefined;
  return async (event, payload) => {
    const { heard } = connection;
    const isSecond = heard === silentAt;
    const outcome = await ask(event, payload);
    if (outcome.ok || outcome.refusal.error.code !== 'timeout') return outcome;
    silentAt = heard;
    if (isSecond && connection.heard === heard) connection.leave('the hub does not answer');
    return outcome;
  };
}
