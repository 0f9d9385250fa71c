import { setTimeout as delay } from 'node:timers/promises';

/** Far more than a wait takes: only a test that fails waits for so long, or one with a small part of a core. */
export const PATIENCE_MS = 30_000;

interface Waiting {
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
  /** What is waited for; a function is asked when the time is over, and can tell how things stand then. */
  readonly what?: string | (() => string);
}

/**
 * Resolves with the first truthy value that `condition` gives; a throwing condition counts as not yet.
 * @throws Error after `timeoutMs`, naming the last thing the condition threw
 */
export async function waitFor<Value>(
  condition: () => Value | Promise<Value>,
  { timeoutMs = PATIENCE_MS, intervalMs = 10, what = 'the condition' }: Waiting = {},
): Promise<NonNullable<Value>> {
  const deadline = performance.now() + timeoutMs;
  let thrown: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      thrown = undefined;
    } catch (error) {
      thrown = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`waited ${timeoutMs} ms for ${typeof what === 'function' ? what() : what}`, { cause: thrown });
    }
    await delay(intervalMs);
  }
}
