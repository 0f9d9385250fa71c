import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { percentile } from '../stats.js';
import { BEGIN_WATCH, END_WATCH } from './page-scripts.js';

/** What a page made its reader feel, and what it took. */
export interface PageFigures {
  /** Tasks of more than 50 ms, and the longest one. */
  readonly longTasks: number;
  readonly longestTaskMs: number;
  /** From a key to the paint that shows it, of 98 in 100 keys. */
  readonly inpP98Ms: number;
  readonly framesPerSecond: number;
  /** CPU of the page's main thread. */
  readonly mainThreadPercent: number;
  /** What is held after a collection, and what that rose by in a minute. */
  readonly heapMiB: number;
  readonly heapMiBPerMinute: number;
}

export interface PageOptions {
  readonly url: string;
  readonly viewport: { readonly width: number; readonly height: number };
  /** Something that is there once the page shows what it is for. */
  readonly shown: string;
  /** Where a filter is typed, by test id; what must be clicked to see it. */
  readonly filter: string;
  readonly opener?: string;
  /** What is typed, again and again, and deleted. */
  readonly words: string;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

const KEY_MS = 90;
/** Events of less than this are not told; they count as this. */
const LEAST_EVENT_MS = 16;
const MIB = 1_024 * 1_024;
/** A page that is stuck for so long fails the run. */
const PATIENCE_MS = 60_000;

/** Opens a page, types into its filter for so many seconds, and tells how that went. */
export async function watchPage(browser: Browser, options: PageOptions): Promise<PageFigures> {
  const page = await browser.newPage({ viewport: options.viewport });
  try {
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(options.url, { waitUntil: 'load' });
    await page.locator(options.shown).first().waitFor();
    const session = await page.context().newCDPSession(page);
    await delay(options.warmUpSeconds * 1_000);
    return await measure(page, session, options);
  } finally {
    await page.close();
  }
}

async function measure(page: Page, session: CDPSession, options: PageOptions): Promise<PageFigures> {
  await session.send('Performance.enable');
  const heapBefore = await heapMiBOf(session);
  const busyBefore = await busySecondsOf(session);
  const begun = performance.now();
  await page.evaluate(BEGIN_WATCH);
  const keys = await type(page, options);
  const { longTasks, interactions, frames } = (await page.evaluate(END_WATCH)) as Record<'longTasks' | 'interactions', number[]> & {
    frames: number;
  };
  const seconds = (performance.now() - begun) / 1_000;
  const busySeconds = (await busySecondsOf(session)) - busyBefore;
  const heapMiB = await heapMiBOf(session);
  const quick = Array.from({ length: Math.max(0, keys - interactions.length) }, () => LEAST_EVENT_MS);
  return {
    longTasks: longTasks.length,
    longestTaskMs: Math.max(0, ...longTasks),
    inpP98Ms: percentile([...interactions, ...quick], 98),
    framesPerSecond: frames / seconds,
    mainThreadPercent: (busySeconds / seconds) * 100,
    heapMiB,
    heapMiBPerMinute: ((heapMiB - heapBefore) / seconds) * 60,
  };
}

/** Types and deletes until the time is over. @returns the keys pressed */
async function type(page: Page, { filter, opener, words, seconds }: PageOptions): Promise<number> {
  if (opener) await page.getByTestId(opener).click();
  await page.getByTestId(filter).click();
  const end = performance.now() + seconds * 1_000;
  let keys = 0;
  while (performance.now() < end) {
    const cycle = [...words, ...Array.from(words, () => 'Backspace')];
    await page.keyboard.press(cycle[keys++ % cycle.length]!, { delay: KEY_MS / 3 });
    await delay((KEY_MS * 2) / 3);
  }
  return keys;
}

async function heapMiBOf(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  return (await session.send('Runtime.getHeapUsage')).usedSize / MIB;
}

async function busySecondsOf(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'ThreadTime')?.value ?? 0;
}
