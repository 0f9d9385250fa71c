import type { LogEnds, LogRange } from './room-log.js';

/** The seqs that a range asks for and the log has, both inclusive; none when `from` is over `to`. */
export function seqsOf({ first, last }: LogEnds, { after = 0, before = Number.POSITIVE_INFINITY }: LogRange): { from: number; to: number } {
  return { from: Math.max(first, after + 1), to: Math.min(last, before - 1) };
}
