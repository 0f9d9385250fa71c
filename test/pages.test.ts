import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { openPage, startBrowser } from './support/browser.js';
import { type HubProcess, startHub } from './support/hub-process.js';
import { fileScope, testScope } from './support/scope.js';
import { waitFor } from './support/wait.js';

const scope = testScope();
const file = fileScope();
let browser: Browser;
let hub: HubProcess;
beforeAll(async () => {
  browser = await startBrowser(file);
  // A job that takes longer than this fails, each time that it is tried.
  hub = await startHub(file, { env: { ROOMCAST_LIMITS: 'off', ROOMCAST_JOB_TIMEOUT_MS: '100' } });
});

const WAIT = { timeout: 30_000 };
const byId = (page: Page, id: string) => page.getByTestId(id);
const panel = (page: Page, title: string) => page.locator(`[data-panel="${title}"]`);

async function open(route: string) {
  const opened = await openPage(browser, `${hub.url}/${route}`);
  scope.defer(opened, ({ page }) => page.context().close());
  return opened;
}

async function ingest(room: string, items: readonly unknown[]): Promise<void> {
  const body = items.map((item) => JSON.stringify(item)).join('\n');
  const headers = { 'Content-Type': 'application/x-ndjson' };
  const response = await fetch(`${hub.url}/api/ingest/${room}`, { method: 'POST', headers, body });
  expect(response.status).toBe(200);
}

/** What an empty page says to type into a shell, typed. */
async function runSnippet(page: Page): Promise<void> {
  const [first] = ((await byId(page, 'snippet').textContent()) ?? '').split('\n\n');
  await promisify(execFile)('sh', ['-c', first!]);
}

test('an empty room tells how to send the first sample or line, and that works', async () => {
  const [metrics, logs] = await Promise.all([open('#/metrics/fresh'), open('#/logs/fresh')]);
  await runSnippet(metrics.page);
  await panel(metrics.page, 'Temperature celsius').getByText('21.5 °C').waitFor(WAIT);
  await runSnippet(logs.page);
  await byId(logs.page, 'log-line').filter({ hasText: 'hello from curl' }).waitFor(WAIT);
  expect([...metrics.faults, ...logs.faults]).toEqual([]);
});

test('a dashboard is filtered by label, zoomed, changed, kept and shared by link', async () => {
  const now = Date.now();
  const samples = [0, 1, 2, 3].flatMap((second) =>
    ['a', 'b'].map((disk) => ({ name: 'disk_used_bytes', labels: { disk }, value: 1024 * (second + 1), t: now - 4000 + 1000 * second })),
  );
  await ingest('metrics:rack', [...samples, { name: 'load1', value: 0.5 }]);
  const { page, faults } = await open('#/metrics/rack');
  const lines = (title: string) => panel(page, title).getByTestId('legend-value');
  await panel(page, 'Disk used bytes').locator('canvas').waitFor(WAIT);
  await waitFor(async () => (await lines('Disk used bytes').count()) === 2, { what: 'two lines' });

  await byId(page, 'series-filter').click();
  await byId(page, 'filter-label-disk').selectOption('b');
  await waitFor(async () => (await lines('Disk used bytes').count()) === 1, { what: 'one line to be left' });
  await page.keyboard.press('Escape');
  await panel(page, 'Disk used bytes').getByRole('group').press('+');
  await page.locator('[data-testid="charts"][data-view="still"]').waitFor(WAIT);
  await byId(page, 'metrics-pause').click();
  await page.locator('[data-testid="charts"][data-view="live"]').waitFor(WAIT);

  await byId(page, 'dashboard-menu').click();
  await byId(page, 'panel-add').click();
  await byId(page, 'panel-title').fill('Fullest');
  await byId(page, 'panel-series').fill('disk_*');
  await page.getByRole('radio', { name: 'Gauge' }).click();
  await byId(page, 'panel-save').click();
  await panel(page, 'Fullest').getByTestId('gauge-value').filter({ hasText: '4 KiB' }).waitFor(WAIT);
  await page.reload();
  await panel(page, 'Fullest').waitFor(WAIT);

  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await byId(page, 'dashboard-menu').click();
  await byId(page, 'dashboard-share').click();
  await byId(page, 'toast').waitFor(WAIT);
  const link = await page.evaluate(() =>
    (globalThis as unknown as { navigator: { clipboard: { readText(): Promise<string> } } }).navigator.clipboard.readText(),
  );
  const other = await open(new URL(link).hash);
  await panel(other.page, 'Fullest').getByTestId('gauge-value').filter({ hasText: '4 KiB' }).waitFor(WAIT);
  await waitFor(async () => (await panel(other.page, 'Disk used bytes').getByTestId('legend-value').count()) === 1, {
    what: 'one line there',
  });
  expect([...faults, ...other.faults]).toEqual([]);
});

test('a tail is filtered by words and fields on the hub too, shows colours, and waits where one scrolls up', async () => {
  const line = (n: number) => ({
    text: `answered \u001b[31mrequest\u001b[0m ${n}`,
    level: n % 2 ? 'info' : 'warn',
    fields: { path: `/api/${n % 3}` },
  });
  await ingest(
    'logs:web',
    Array.from({ length: 90 }, (_, n) => line(n)),
  );
  const { page, faults } = await open('#/logs/web');
  await byId(page, 'log-line').filter({ hasText: 'request 89' }).waitFor(WAIT);
  expect(await page.locator('.ansi-1').first().textContent()).toBe('request');

  await byId(page, 'log-filter').fill('answered path=/api/1');
  await page
    .getByTestId('log-count')
    .filter({ hasText: /^30 lines$/ })
    .waitFor(WAIT);
  await ingest('logs:web', [
    { ...line(90), text: 'answered of another path' },
    { ...line(91), text: 'answered last' },
  ]);
  await byId(page, 'log-line').filter({ hasText: 'answered last' }).waitFor(WAIT);
  await page
    .getByTestId('log-count')
    .filter({ hasText: /^31 lines$/ })
    .waitFor(WAIT);

  await byId(page, 'log-filter').fill('');
  await page
    .getByTestId('log-count')
    .filter({ hasText: /^92 lines$/ })
    .waitFor(WAIT);
  await byId(page, 'log-list').evaluate((list) => list.scrollTo(0, 0));
  await byId(page, 'log-follow').waitFor(WAIT);
  await ingest('logs:web', [line(92)]);
  await byId(page, 'logs-pause').filter({ hasText: '1 new' }).waitFor(WAIT);
  await byId(page, 'log-follow').click();
  await byId(page, 'log-line').filter({ hasText: 'request 92' }).waitFor(WAIT);
  await byId(page, 'log-list').press('Enter');
  await byId(page, 'log-detail').filter({ hasText: 'request 92' }).waitFor(WAIT);
  await byId(page, 'log-list').press('ArrowUp');
  await byId(page, 'log-detail').filter({ hasText: 'answered last' }).waitFor(WAIT);
  expect(faults).toEqual([]);
});

test('a job that failed shows what it was given, is run again, and discarded', async () => {
  const { page, faults } = await open('#/jobs');
  await page.getByRole('radio', { name: 'Prime count' }).click();
  expect(await page.locator('.job-new').evaluate((card) => card.scrollWidth - card.clientWidth)).toBe(0);
  await byId(page, 'job-field-below').fill('2000000000');
  await byId(page, 'job-run').click();
  const job = byId(page, 'job').first();
  const retry = job.getByTestId('job-retry');
  await retry.waitFor(WAIT);
  await job.getByTestId('job-details').locator('summary').click();
  await job.getByTestId('job-input').filter({ hasText: '2000000000' }).waitFor(WAIT);
  await retry.click();
  await retry.waitFor({ ...WAIT, state: 'detached' });
  await retry.waitFor(WAIT);
  await job.getByTestId('job-discard').click();
  await job.waitFor({ ...WAIT, state: 'detached' });
  expect(faults).toEqual([]);
});
