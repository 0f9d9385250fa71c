// `npm run screenshots`: starts a hub on the build, fills its rooms, opens the pages in Chromium and writes docs/images.
// Two arguments, both optional: seconds of samples that the charts show, and another directory.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { createHub } from '../dist/server/roomcast.js';
import { PICTURES } from './screenshots/pictures.mjs';
import { startPrometheus } from './screenshots/prometheus.mjs';
import { letPeopleTalk, writeLog } from './screenshots/stage.mjs';

const CHROMIUM_FLAGS = [
  'no-sandbox',
  'disable-gpu',
  'disable-quic',
  'no-first-run',
  'disable-background-networking',
  'disable-component-update',
];
const SIZE = { width: 1280, height: 800 };
const WAIT_MS = 15_000;
/** Charts and figures have moved into place by then. */
const SETTLE_MS = 3_000;

const [seconds = '75', images = fileURLToPath(new URL('../docs/images/', import.meta.url))] = process.argv.slice(2);
const dir = mkdtempSync(join(tmpdir(), 'roomcast-'));
const undos = [() => rmSync(dir, { recursive: true, force: true })];
try {
  const hub = await createHub({
    port: 0,
    dataDir: join(dir, 'hub'),
    logLevel: 'info',
    logFormat: 'json',
    logsWrite: 'anyone',
    metricsWrite: 'anyone',
  });
  undos.push(() => hub.close());
  undos.push(await startPrometheus(hub.url, dir));
  await delay(Number(seconds) * 1_000);
  await writeLog(hub.url);
  undos.push(await letPeopleTalk(hub.url));
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: CHROMIUM_FLAGS.map((flag) => `--${flag}`) });
  undos.push(() => browser.close());
  for (const picture of PICTURES) await take(browser, hub.url, picture);
} finally {
  for (let undo = undos.pop(); undo; undo = undos.pop()) await undo();
}
process.exit();

async function take(browser, hubUrl, { name, route, shown, act, size = SIZE, theme = 'light' }) {
  const page = await browser.newPage({ viewport: size, deviceScaleFactor: 1, colorScheme: theme });
  await page.goto(`${hubUrl}/#/${route}`);
  await page.locator(shown).first().waitFor({ timeout: WAIT_MS });
  await act?.(page);
  await delay(SETTLE_MS);
  await page.screenshot({ path: join(images, `${name}.png`) });
  await page.close();
}
