import { setTimeout as delay } from 'node:timers/promises';

/** Waits for a window of time. @returns how busy this process was in it, 0 to 100 */
export async function busyWindow(seconds: number): Promise<number> {
  const before = performance.eventLoopUtilization();
  await delay(seconds * 1_000);
  const { utilization } = performance.eventLoopUtilization(before);
  return utilization * 100;
}

/** Waits until something is so. @throws Error in one line when it is not within `timeoutMs` */
export async function until(isSo: () => boolean, what: string, timeoutMs = 60_000): Promise<void> {
  for (const deadline = performance.now() + timeoutMs; !isSo(); await delay(20)) {
    if (performance.now() > deadline) throw new Error(`${what} did not come within ${timeoutMs / 1_000} s`);
  }
}
