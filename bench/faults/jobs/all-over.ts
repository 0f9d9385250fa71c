import { setTimeout as delay } from 'node:timers/promises';

export interface JobsLeft {
  /** Submissions without an answer, and acknowledged jobs whose end their submitter did not hear. */
  open(): number;
  /** Jobs that Redis has and that wait or run, and ends that it has noted as not told. */
  inRedis(): Promise<number>;
}

interface Waits {
  /** Nothing is left in Redis, and nothing was heard for so long: nothing will be. Longer than it takes to return to a room. */
  readonly silentMs: number;
  /** Something is left, and did not become less for so long: it hangs. A machine with too much to do may stand still for minutes. */
  readonly hangingMs: number;
  readonly lookMs: number;
}

const USUAL: Waits = { silentMs: 75_000, hangingMs: 300_000, lookMs: 250 };

/**
 * Resolves when all is over and told, or will not be: what a job comes to is read only then.
 * @returns whether all is over
 */
export async function waitUntilAllOver({ open, inRedis }: JobsLeft, { silentMs, hangingMs, lookMs }: Waits = USUAL): Promise<boolean> {
  let least = Number.POSITIVE_INFINITY;
  let since = performance.now();
  for (;;) {
    const held = await inRedis();
    const left = open() + held;
    if (left === 0) return true;
    if (left < least) {
      least = left;
      since = performance.now();
    }
    if (performance.now() - since > (held > 0 ? hangingMs : silentMs)) return false;
    await delay(lookMs);
  }
}
