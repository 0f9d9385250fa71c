import type { Config } from '../config.js';
import type { ResultBounds } from '../jobs/result-bounds.js';
import { rollupLevels } from '../metrics/rollups/rollup-levels.js';

/** A room's changes of presence are gathered for this long. */
export const PRESENCE_COALESCE_MS = 1_000;
/** Of all, what one user has, where the configuration does not say. */
const RESULTS_PART = 1 / 4;

export const levelsOf = ({ rollupSecondTtlMs, rollupTenSecondsTtlMs, rollupMinuteTtlMs }: Config) =>
  rollupLevels([rollupSecondTtlMs, rollupTenSecondsTtlMs, rollupMinuteTtlMs]);

export function resultBounds({ resultsMaxBytes, resultsPerUserMaxBytes }: Config, most: number): ResultBounds {
  const all = resultsMaxBytes || most;
  return { all, perHolder: resultsPerUserMaxBytes || Math.ceil(all * RESULTS_PART) };
}

/** Turned off, it still has a place for what is computed now. */
export const cacheBounds = ({ cacheMaxEntries, cacheMaxBytes }: Config) => ({
  maxEntries: Math.max(1, cacheMaxEntries),
  maxBytes: cacheMaxBytes,
});
