import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { temporaryDir } from './files.js';
import type { Scope } from './scope.js';

const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Chromium without a window and without calls to its maker; pages opened in it have a profile of their own each. */
export async function startBrowser(scope: Scope): Promise<Browser> {
  const executablePath = PROGRAMS.find(existsSync);
  if (!executablePath) throw new Error(`no browser: none of ${PROGRAMS.join(', ')} (apt-get install chromium)`);
  const home = await temporaryDir(scope);
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-sync'],
    env: { PATH: process.env.PATH ?? '', HOME: home },
  });
  return scope.defer(browser, (open) => open.close());
}

/** A page of a new profile, and everything that went wrong in it. */
export interface WatchedPage {
  readonly page: Page;
  /** Uncaught errors, console errors and refused requests. */
  readonly faults: string[];
}

export async function openPage(browser: Browser, url: string, size = { width: 1280, height: 800 }): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: size });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`uncaught: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()}`);
  });
  await page.goto(url, { waitUntil: 'load' });
  return { page, faults };
}
