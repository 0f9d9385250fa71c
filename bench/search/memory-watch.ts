import { statusKiB } from '../process-use.js';

/** By how many MiB a process grew at most, with all its threads. */
export interface MemoryGrowth {
  readonly rssGrowthMiB: number;
  /** The same of what is no page of a file, each at its highest: more than the RSS where pages of files leave the process meanwhile. */
  readonly memoryGrowthMiB: number;
}

const LOOK_MS = 20;
const KIB_PER_MIB = 1_024;

/** Looks at a process from outside, again and again, until the function that is given back is called. */
export function watchMemory(pid: number): () => MemoryGrowth {
  const read = () => ({ rss: statusKiB(pid, 'VmRSS'), own: statusKiB(pid, 'RssAnon') });
  const before = read();
  let highest = before;
  const look = () => {
    try {
      const { rss, own } = read();
      highest = { rss: Math.max(highest.rss, rss), own: Math.max(highest.own, own) };
    } catch {
      // It has ended, and who waits for its answers is told.
      clearInterval(timer);
    }
  };
  const timer = setInterval(look, LOOK_MS);
  return () => {
    clearInterval(timer);
    look();
    return { rssGrowthMiB: (highest.rss - before.rss) / KIB_PER_MIB, memoryGrowthMiB: (highest.own - before.own) / KIB_PER_MIB };
  };
}
