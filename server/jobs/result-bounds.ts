import { HubError } from '../../shared/errors.js';

/** Bytes of all results together that are kept or being written. */
export interface ResultBounds {
  readonly all: number;
  /** Of one holder: a user, or all guests of one address. */
  readonly perHolder: number;
}

export const BOUNDLESS: ResultBounds = { all: Number.MAX_SAFE_INTEGER, perHolder: Number.MAX_SAFE_INTEGER };

/** What a file counts for beside its bytes, so that many small ones count too. */
export const FILE_COSTS_BYTES = 4_096;

/** @param part of what: one holder has its share, or all results have everything */
export function resultsFull(part: 'own' | 'all'): HubError {
  const message =
    part === 'own' ? 'your results have as many bytes as those of one user may have' : 'all results have as many bytes as they may have';
  return new HubError('storage_full', `${message}: there is room when the oldest are past their time`);
}
