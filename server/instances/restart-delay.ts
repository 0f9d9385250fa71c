const FIRST_MS = 100;
const LONGEST_MS = 10_000;

/** Milliseconds to wait before the next start, after so many failures in a row: twice as long each time. */
export function restartDelayMs(failures: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 30));
}
