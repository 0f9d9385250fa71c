import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { percentile } from '../stats.js';

const SYNCS = 200;
const PAGE_BYTES = 4_096;

/** Milliseconds in which the disk of a directory has written a page and synchronised it, the median: the least that a commit takes there. */
export async function syncMs(dir: string): Promise<number> {
  const file = await open(join(dir, 'synchronised'), 'w');
  const page = Buffer.alloc(PAGE_BYTES, 1);
  const took: number[] = [];
  try {
    for (let i = 0; i < SYNCS; i++) {
      const beganAt = performance.now();
      await file.write(page, 0, PAGE_BYTES, 0);
      await file.datasync();
      took.push(performance.now() - beganAt);
    }
  } finally {
    await file.close();
  }
  return percentile(took, 50);
}
