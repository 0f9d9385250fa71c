import { parsePosition } from '../../../shared/position.js';
import type { Place } from '../history.js';

/** What the load's messages carry. */
export interface LoadData {
  /** The publisher's number times `VALUES_PER_PUBLISHER`, plus a number that rises by one. */
  readonly value: number;
  /** Makes it large. */
  readonly pad?: string;
}

export const VALUES_PER_PUBLISHER = 10_000_000;

export function placeIn(position: string): Place {
  const { epoch, seq } = parsePosition(position);
  return { stream: epoch, seq };
}

/** A message's place: where the server put it, or, where it has no positions, where its publisher did. */
export function placeOf(value: number, position: string | undefined): Place {
  if (position !== undefined) return placeIn(position);
  return { stream: `p${Math.floor(value / VALUES_PER_PUBLISHER)}`, seq: value % VALUES_PER_PUBLISHER };
}
