/**
 * Acts at a steady rate, whatever becomes of what it began: a late timer makes up for what was due meanwhile, so a slow server is
 * not spared.
 * @returns the function that stops it
 */
export function pace(perSecond: number, act: () => void): () => void {
  const intervalMs = 1_000 / perSecond;
  let dueAt = performance.now();
  let timer = setTimeout(turn, 0);
  function turn(): void {
    for (const now = performance.now(); dueAt <= now; dueAt += intervalMs) act();
    timer = setTimeout(turn, dueAt - performance.now());
  }
  return () => clearTimeout(timer);
}
