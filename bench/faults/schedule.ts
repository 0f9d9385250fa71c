import { FAULT_KINDS, type FaultKind, partOf } from './kinds.js';

/** One fault to come. */
export interface Fault {
  readonly kind: FaultKind;
  /** Picks the instance, worker or link; a link's fault hits all of them where it is past the last one. */
  readonly target: number;
  readonly holdMs: number;
  /** Quiet time after its heal. */
  readonly gapMs: number;
  /** The next one begins in the middle of this one. */
  readonly overlaps: boolean;
  /** 0 to 1: how hard it is, where there is more than one way. */
  readonly strength: number;
}

const HOLD_MS = { least: 500, most: 4_000 };
/** Longer than a worker may hold its jobs without a sign: 15 s. */
const WORKER_STOP_MS = { least: 17_000, most: 20_000 };
const GAP_MS = { least: 1_500, most: 3_000 };
const OVERLAPPING = 0.2;

/** Faults without end: rounds in which each kind comes once, in an order of the seed's. The same seed gives the same ones. */
export function* schedule(seed: number, kinds: readonly FaultKind[] = FAULT_KINDS): Generator<Fault, never> {
  const random = seeded(seed);
  const between = ({ least, most }: { least: number; most: number }) => Math.round(least + random() * (most - least));
  let overlapped = false;
  for (;;) {
    const round = shuffled(kinds, random);
    for (const [index, kind] of round.entries()) {
      const next: FaultKind | undefined = round[index + 1];
      const wish = random() < OVERLAPPING;
      const overlaps: boolean = wish && !overlapped && next !== undefined && partOf(next) !== partOf(kind);
      overlapped = overlaps;
      yield { kind, target: Math.floor(random() * 4), holdMs: between(holdOf(kind)), gapMs: between(GAP_MS), overlaps, strength: random() };
    }
  }
}

const holdOf = (kind: FaultKind) => (kind === 'worker-stop' ? WORKER_STOP_MS : HOLD_MS);

function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  const rest = [...items];
  for (let last = rest.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [rest[last], rest[other]] = [rest[other]!, rest[last]!];
  }
  return rest;
}

/** Numbers from 0 to 1 that a seed determines: mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
