import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_MS = 20;

/**
 * Publishes that it begins, keeps a core busy for `steps` times `stepMs`, tells each step, and publishes that it is through. Where `until`
 * names a file, it goes on telling that it is there, and does not end before that file is.
 */
export async function run({ steps, stepMs, room, until }, { progress, signal, publish }) {
  await publish(room, 'begun', { steps });
  for (let step = 1; step <= steps; step++) {
    for (const end = performance.now() + stepMs; performance.now() < end; );
    // A turn for the signal.
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    progress(step / steps, { note: `step ${step}` });
  }
  while (until !== undefined && !existsSync(until)) {
    await delay(LOOK_MS, undefined, { signal });
    progress(1, { note: 'waits' });
  }
  await publish(room, 'counted', { steps });
  return { counted: steps };
}
