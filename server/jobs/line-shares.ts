/** What waits, in jobs or in bytes. */
interface Waiting {
  /** Of the holder. */
  readonly own: number;
  readonly all: number;
  readonly most: number;
  /** What is to come. */
  readonly adds: number;
}

/** One place in so many is for holders who have nothing waiting. */
const RESERVED_PART = 10;

/**
 * Whose share of the line is used up, where no more of the holder may wait: its own, or that of all.
 *
 * A holder may have as much waiting as is still free, which leaves room however many fill the line: one alone has half of it, two have a third each.
 * Source: Choudhury and Hahne, "Dynamic queue length thresholds for shared-memory packet switches", IEEE/ACM Transactions on Networking 6 (1998),
 * with a factor of 1. The script `job-line.lua` does the same.
 */
export function usedUp({ own, all, most, adds }: Waiting): 'own' | 'all' | undefined {
  const free = most - all;
  if (own > 0 && (own + adds > free || free - adds < Math.floor(most / RESERVED_PART))) return 'own';
  return adds > free ? 'all' : undefined;
}
