import type { AcknowledgedEvent, AnswerOf, RequestOf } from './api.js';
import { type BackoffBounds, backoffMs, type Clock } from './clock.js';
import type { Ask } from './requests.js';

export interface Patience {
  readonly ask: Ask;
  readonly clock: Clock;
  readonly backoff: BackoffBounds;
  /** Resolves once there is a connection; rejects when there will be none. */
  readonly whenOnline: () => Promise<void>;
  /** Gets another token, or reports that it could not. */
  readonly authenticate: () => Promise<unknown>;
}

/**
 * Repeats a request that is harmless to repeat until it is answered or refused for good.
 * @throws HubError of the refusal; the signal's reason once it is aborted
 */
export async function askPatiently<Event extends AcknowledgedEvent>(
  { ask, clock, backoff, whenOnline, authenticate }: Patience,
  event: Event,
  payload: RequestOf<Event>,
  signal?: AbortSignal,
): Promise<AnswerOf<Event>> {
  for (let attempts = 1; ; attempts++) {
    await whenOnline();
    signal?.throwIfAborted();
    const outcome = await ask(event, payload);
    if (outcome.ok) return outcome.answer;
    const { error, retry, retryAfterMs } = outcome.refusal;
    if (retry === 'never') throw error;
    if (retry === 'after-auth') await authenticate();
    signal?.throwIfAborted();
    await new Promise<void>((resolve) => clock.schedule(backoffMs(attempts, backoff, clock.random, retryAfterMs), resolve));
  }
}
