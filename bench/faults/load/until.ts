import { setTimeout as delay } from 'node:timers/promises';

const LOOK_MS = 20;

/** Whether it holds before the deadline, in milliseconds since 1970. */
export async function until(deadline: number, holds: () => boolean): Promise<boolean> {
  for (; !holds(); await delay(LOOK_MS)) if (Date.now() > deadline) return false;
  return true;
}
