/** What a job of the load does, each in its own proportion. */
export const DEEDS = ['nothing', 'publish', 'wait', 'exit'] as const;
export type Deed = (typeof DEEDS)[number];

/** One job to hand in. */
export interface JobPlan {
  /** Counts from 0. */
  readonly number: number;
  readonly does: Deed;
  /** Values that it publishes, which no other job has. */
  readonly values: readonly number[];
  /** With a key it is handed in until it is acknowledged. */
  readonly key?: string;
  /** Handed in a second time at once, with the same key. */
  readonly twice: boolean;
}

/** Effects of one job at most. */
export const VALUES_PER_JOB = 10;

const WAITS_EVERY = 50;
const EXITS_EVERY = 500;
const KINDS = 5;

/** The load's jobs by number: of 5, 2 publish, 2 have a key, and 1 of these is handed in twice; 2 of 50 take long, 1 of 500 is poisonous. */
export function planJob(number: number): JobPlan {
  const kind = number % KINDS;
  const keyed = kind === 2 || kind === 3;
  const does = deedOf(number, kind);
  return {
    ...{ number, does, values: valuesOf(number, does), twice: kind === 3 },
    ...(keyed && { key: `job-${number}` }),
  };
}

function deedOf(number: number, kind: number): Deed {
  // Offsets: the poisonous ones have a key, of the long ones every second.
  if (number % EXITS_EVERY === 102) return 'exit';
  if (number % WAITS_EVERY === 7 || number % WAITS_EVERY === 30) return 'wait';
  return kind === 1 || kind === 2 ? 'publish' : 'nothing';
}

function valuesOf(number: number, does: Deed): number[] {
  const first = number * VALUES_PER_JOB;
  if (does === 'publish') return [first, first + 1];
  return does === 'wait' ? [first] : [];
}
