// `npm run screenshots`: starts a hub on the build, lets three people chat, opens the pages in Chromium and writes docs/images.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { io } from 'socket.io-client';
import { createHub } from '../dist/server/roomcast.js';

const IMAGES = fileURLToPath(new URL('../docs/images/', import.meta.url));
const CHROMIUM_FLAGS = [
  'no-sandbox',
  'disable-gpu',
  'disable-quic',
  'no-first-run',
  'disable-background-networking',
  'disable-component-update',
];
const SIZE = { width: 1280, height: 800 };
/** Seconds of samples that the charts show. */
const CHART_SECONDS = Number(process.argv[2] ?? 75);

const TALK = [
  ['Mira', 'Deploy of the new exporter is out. Watch #lobby for the numbers.'],
  ['Jonas', 'p99 went from 41 to 12 ms on web-1'],
  ['Ada', 'nice. is that with the cache warm?'],
  ['Jonas', 'cold. warm it is 6'],
  ['Mira', 'Then I take the old path out tomorrow.'],
];

const dataDir = mkdtempSync(join(tmpdir(), 'roomcast-'));
const hub = await createHub({ port: 0, dataDir, logLevel: 'info', logFormat: 'json' });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: CHROMIUM_FLAGS.map((flag) => `--${flag}`) });
const sockets = [];
try {
  await delay(CHART_SECONDS * 1_000);
  await talk();
  await takePictures();
} finally {
  for (const socket of sockets) socket.disconnect();
  await browser.close();
  await hub.close();
  rmSync(dataDir, { recursive: true, force: true });
}
process.exit();

async function talk() {
  const people = new Map();
  for (const [name] of TALK) {
    if (people.has(name)) continue;
    const socket = io(hub.url, { auth: { name, guestKey: `${name.toLowerCase()}screenshots0001` } });
    sockets.push(socket);
    people.set(name, socket);
    await socket.emitWithAck('subscribe', { room: 'chat:lobby' });
  }
  for (const [i, [name, text]] of TALK.entries()) {
    await people.get(name).emitWithAck('publish', { room: 'chat:lobby', id: `talk-${i}`, data: { text } });
  }
  await people.get('Ada').emitWithAck('publish', { room: 'chat:deploys', id: 'd1', data: { text: 'web-1 is on 2.4.1' } });
}

async function takePictures() {
  const page = await browser.newPage({ viewport: SIZE, deviceScaleFactor: 1 });
  await page.goto(hub.url);
  await page.getByText('Then I take the old path out tomorrow.').waitFor();
  await page.screenshot({ path: `${IMAGES}chat.png` });
  await page.goto(`${hub.url}/#/metrics/host`);
  await page.locator('canvas').first().waitFor();
  await delay(3_000);
  await page.screenshot({ path: `${IMAGES}metrics.png` });
  await page.goto(`${hub.url}/#/logs/hub`);
  await delay(1_500);
  await page.screenshot({ path: `${IMAGES}logs.png` });
  await page.goto(`${hub.url}/#/jobs`);
  await runJob(page);
  await page.screenshot({ path: `${IMAGES}jobs.png` });
  await page.goto(`${hub.url}/#/hub`);
  await delay(2_500);
  await page.screenshot({ path: `${IMAGES}hub.png` });
}

async function runJob(page) {
  await page.getByText('Prime count').first().click();
  await page.getByRole('button', { name: /run/i }).first().click();
  await delay(1_500);
}
