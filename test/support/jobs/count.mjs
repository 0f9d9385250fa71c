/** Publishes that it begins, keeps a core busy for `steps` times `stepMs`, tells each step, and publishes that it is through. */
export async function run({ steps, stepMs, room }, { progress, signal, publish }) {
  await publish(room, 'begun', { steps });
  for (let step = 1; step <= steps; step++) {
    for (const until = performance.now() + stepMs; performance.now() < until; );
    // A turn for the signal.
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    progress(step / steps, { note: `step ${step}` });
  }
  await publish(room, 'counted', { steps });
  return { counted: steps };
}
