import { HubError } from '../../shared/errors.js';
import { chunkMs, type RollupLevel } from './rollups/rollup-levels.js';

/** The steps of an answer. */
export interface Grid {
  /** The first and the last step's start, multiples of `stepMs`. */
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  readonly steps: number;
  /** The roll-up that it is made from; undefined: from the samples themselves. */
  readonly level: RollupLevel | undefined;
}

export interface GridWish {
  /** Milliseconds since 1970, by default the 15 minutes before `now`. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Milliseconds before `to`, in the place of `from`. */
  readonly last?: number | undefined;
  /** By default for about 300 steps. */
  readonly stepMs?: number | undefined;
}

const MAX_STEPS = 11_000;
const DEFAULT_RANGE_MS = 15 * 60_000;
const DEFAULT_STEPS = 300;
/** Steps that nobody named are whole numbers of the longest of these that they reach. */
const ROUND_MS = [86_400_000, 3_600_000, 60_000, 10_000, 1_000];

/**
 * Chooses steps, and what they are made from: of the levels that reach back far enough the coarsest whose buckets fill the
 * steps. Where none is as fine as asked for, the steps are as long as the finest that reaches back takes.
 * @param levels finest first; none: everything is made from the samples
 * @throws HubError `invalid` when the range ends before it begins, `too_large` when it has too many steps
 */
export function chooseGrid(
  { from, to, last: length = DEFAULT_RANGE_MS, stepMs }: GridWish,
  now: number,
  levels: readonly RollupLevel[],
): Grid {
  const end = to ?? now;
  const start = from ?? end - length;
  if (start > end) throw new HubError('invalid', 'from is after to');
  const wanted = stepMs ?? roundStep((end - start) / DEFAULT_STEPS);
  const finest = levels[0];
  const level = finest && wanted >= finest.stepMs ? chooseLevel(wanted, start, now, levels) : undefined;
  const step = level ? Math.ceil(wanted / level.stepMs) * level.stepMs : wanted;
  const first = Math.floor(start / step) * step;
  const last = Math.floor(end / step) * step;
  const steps = (last - first) / step + 1;
  if (steps > MAX_STEPS) throw new HubError('too_large', `the range has ${steps} steps of ${step} ms; at most ${MAX_STEPS}`);
  return { from: first, to: last, stepMs: step, steps, level };
}

function chooseLevel(stepMs: number, start: number, now: number, levels: readonly RollupLevel[]): RollupLevel | undefined {
  const reaching = levels.filter(({ stepMs: bucketMs, ttlMs }) => start >= now - ttlMs - chunkMs(bucketMs));
  const candidates = reaching.length > 0 ? reaching : levels.slice(-1);
  return candidates.findLast((level) => stepMs % level.stepMs === 0) ?? candidates[0];
}

function roundStep(stepMs: number): number {
  const unit = ROUND_MS.find((ms) => stepMs >= ms) ?? 1_000;
  return Math.max(1, Math.ceil(stepMs / unit)) * unit;
}
