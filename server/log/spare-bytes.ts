import type { Database, RootDatabase } from 'lmdb';

/** What the library tells of a tree. */
interface TreeStats {
  readonly pageSize: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

interface EnvironmentStats extends TreeStats {
  readonly lastPageNumber: number;
  /** The tree of the pages that are free. */
  readonly free: TreeStats;
}

const META_PAGES = 2;

const pagesOf = ({ treeBranchPageCount, treeLeafPageCount, overflowPages }: TreeStats): number =>
  treeBranchPageCount + treeLeafPageCount + overflowPages;

/** The tables of an environment whose root holds nothing else. */
export const tablesOf = (root: RootDatabase): Database[] => [...root.getKeys()].map((name) => root.openDB({ name: String(name) }));

/** Bytes of an environment's file in pages that nothing is in; `tables` are all it has beside the root. Some may be in use by a reader still. */
export function spareBytes(root: RootDatabase, tables: readonly Database[] = []): number {
  root.resetReadTxn();
  const stats = root.getStats() as EnvironmentStats;
  const trees: TreeStats[] = [stats, stats.free, ...tables.map((table) => table.getStats() as TreeStats)];
  const used = trees.reduce((sum, tree) => sum + pagesOf(tree), META_PAGES);
  return Math.max(0, stats.lastPageNumber + 1 - used) * stats.pageSize;
}
