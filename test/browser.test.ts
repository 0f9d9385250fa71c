import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { openPage, startBrowser } from './support/browser.js';
import { ROOT, temporaryDir } from './support/files.js';
import { type HubProcess, startHub } from './support/hub-process.js';
import { fileScope, testScope } from './support/scope.js';
import { connectClient } from './support/stock-client.js';
import { waitFor } from './support/wait.js';

const scope = testScope();
const file = fileScope();
let browser: Browser;
let hub: HubProcess;
beforeAll(async () => {
  browser = await startBrowser(file);
  const handlers = `${ROOT}test/support/jobs/handlers.mjs`;
  hub = await startHub(file, { env: { ROOMCAST_LIMITS: 'off', ROOMCAST_JOB_HANDLERS: handlers } });
});

const WAIT = { timeout: 30_000 };
const byId = (page: Page, id: string) => page.getByTestId(id);

async function enter(route: string, name: string) {
  const opened = await openPage(browser, `${hub.url}/${route}`);
  scope.defer(opened, ({ page }) => page.context().close());
  const { page } = opened;
  await byId(page, 'account').click();
  await byId(page, 'settings-name').fill(name);
  await byId(page, 'settings-save').click();
  await page.locator('[data-testid="connection-state"][data-state="online"]').waitFor(WAIT);
  await byId(page, 'user-name').filter({ hasText: name }).waitFor(WAIT);
  return opened;
}

async function say(page: Page, text: string): Promise<void> {
  await byId(page, 'chat-input').fill(text);
  await byId(page, 'chat-input').press('Enter');
}

const messageWith = (page: Page, text: string) => byId(page, 'chat-message').filter({ hasText: text });

test('two browsers chat: messages, who is there, typing, reactions, edits and deletions', async () => {
  const [ann, bob] = await Promise.all([enter('#/chat/tea', 'Ann'), enter('#/chat/tea', 'Bob')]);
  await byId(ann.page, 'presence-count').filter({ hasText: '2' }).waitFor(WAIT);

  await say(ann.page, 'Tea at four?');
  await messageWith(bob.page, 'Tea at four?').waitFor(WAIT);
  await messageWith(ann.page, 'Tea at four?').locator('[data-state="stored"]').waitFor(WAIT);
  await byId(bob.page, 'chat-input').pressSequentially('Yes,');
  await byId(ann.page, 'typing').filter({ hasText: 'Bob' }).waitFor(WAIT);
  await say(bob.page, 'Yes, at fuor');
  await messageWith(ann.page, 'Yes, at fuor').waitFor(WAIT);

  const own = messageWith(bob.page, 'Yes, at fuor');
  await own.hover();
  await own.getByTestId('message-edit').click();
  await byId(bob.page, 'edit-input').fill('Yes, at four');
  await byId(bob.page, 'edit-save').click();
  await messageWith(ann.page, 'Yes, at four').filter({ hasText: 'edited' }).waitFor(WAIT);

  const theirs = messageWith(ann.page, 'Yes, at four');
  await theirs.hover();
  await theirs.getByTestId('message-react').click();
  await ann.page.getByTestId('react-choice').first().click();
  await messageWith(bob.page, 'Yes, at four').getByTestId('reaction').waitFor(WAIT);

  await messageWith(ann.page, 'Tea at four?').hover();
  await messageWith(ann.page, 'Tea at four?').getByTestId('message-delete').click();
  await byId(ann.page, 'delete-confirm').click();
  await messageWith(bob.page, 'was deleted').waitFor(WAIT);
  expect(await messageWith(bob.page, 'Tea at four?').count()).toBe(0);

  const positions = (page: Page) => byId(page, 'chat-message').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-position')));
  expect(await positions(ann.page)).toEqual(await positions(bob.page));
  expect([...ann.faults, ...bob.faults]).toEqual([]);
});

test('text is shown as text: nothing in a message becomes markup', async () => {
  const reader = await enter('#/chat/markup', 'Reader');
  const client = await connectClient(scope, hub.url, { auth: { name: '<b>Eve</b>' } });
  const attack = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script> [x](javascript:alert(1)) javascript:alert(1)';
  await client.publish('chat:markup', { text: attack });
  await messageWith(reader.page, 'onerror').waitFor(WAIT);
  expect(await reader.page.evaluate(() => (globalThis as { pwned?: number }).pwned)).toBeUndefined();
  expect(await reader.page.locator('[data-testid="chat-message"] img, a[href^="javascript"]').count()).toBe(0);
  expect(reader.faults).toEqual([]);
});

test('history comes by scrolling up, and all of it, in order', async () => {
  const client = await connectClient(scope, hub.url);
  for (let n = 1; n <= 130; n++) await client.publish('chat:long', { text: `line ${n} .`.padEnd(n < 30 ? 600 : 0, '.') });
  const reader = await enter('#/chat/long', 'Reader');
  await byId(reader.page, 'chat-message').last().waitFor(WAIT);
  await waitFor(
    async () => {
      await byId(reader.page, 'messages').evaluate((list) => list.scrollTo(0, 0));
      return messageWith(reader.page, 'line 1 .').first().isVisible();
    },
    { what: 'the first message', intervalMs: 50 },
  );
  await byId(reader.page, 'history-beginning').waitFor(WAIT);
});

test('a hub that was away for a moment has lost nothing of what was written', async () => {
  const own = await startHub(scope);
  const opened = await openPage(browser, `${own.url}/#/chat/away`);
  scope.defer(opened, ({ page }) => page.context().close());
  const { page } = opened;
  await page.locator('[data-testid="connection-state"][data-state="online"]').waitFor(WAIT);
  await say(page, 'before');
  await messageWith(page, 'before').locator('[data-state="stored"]').waitFor(WAIT);
  own.signal('SIGKILL');
  await own.exited;
  await page.locator('[data-testid="connection-state"][data-state="offline"]').waitFor(WAIT);
  await say(page, 'while away');
  await startHub(scope, { dataDir: own.dataDir, port: own.port });
  await messageWith(page, 'while away').locator('[data-state="stored"]').waitFor({ timeout: 30_000 });
  expect(await messageWith(page, 'before').count()).toBe(1);
});

test('the charts of this machine move', async () => {
  const { page, faults } = await enter('#/metrics/host', 'Watcher');
  await byId(page, 'chart').first().waitFor(WAIT);
  expect(await byId(page, 'chart').count()).toBeGreaterThanOrEqual(4);
  const values = () => byId(page, 'legend-value').allTextContents();
  const first = await waitFor(
    async () => {
      const shown = await values();
      return shown.some((text) => /\d/.test(text)) ? shown : undefined;
    },
    { what: 'values in the legends' },
  );
  await waitFor(async () => (await values()).join() !== first.join(), { what: 'the values to change' });
  expect(faults).toEqual([]);
});

test("a job's progress bar runs to its result, and a running job is cancelled", async () => {
  const { page, faults } = await enter('#/jobs', 'Worker');
  const form = byId(page, 'job-form-prime-count');
  await page
    .getByRole('radio', { name: /prime/i })
    .or(page.getByRole('button', { name: /prime/i }))
    .first()
    .click();
  const run = async (below: number) => {
    await form.getByTestId('job-field-below').fill(String(below));
    await form.getByTestId('job-run').click();
  };
  await run(20_000_000);
  const bar = byId(page, 'job-progress').first();
  await bar.waitFor(WAIT);
  const shown = new Set<string | null>();
  await waitFor(
    async () => {
      if (await bar.isVisible()) shown.add(await bar.getAttribute('aria-valuenow', { timeout: 1_000 }).catch(() => null));
      return (await byId(page, 'job').first().getAttribute('data-state')) === 'done';
    },
    { what: 'the job to be done', timeoutMs: 240_000 },
  );
  expect(shown.size).toBeGreaterThan(3);
  await byId(page, 'job-result')
    .filter({ hasText: /1[,.\s]?270[,.\s]?607/ })
    .waitFor(WAIT);

  await run(2_000_000_000);
  await page.locator('[data-testid="job"][data-state="active"]').waitFor(WAIT);
  await byId(page, 'job-cancel').first().click();
  await page.locator('[data-testid="job"][data-state="cancelled"]').waitFor(WAIT);
  expect(faults).toEqual([]);
}, 360_000);

/** A red square of ten pixels. */
const PHOTO =
  'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAFElEQVQYlWP4z8CABzGMSjNgCQMAt8pjnanKDKUAAAAASUVORK5CYII=';

test('a job that reaches a room is a line of its chat: who handed it in, how far it is, and what came out [P141] [P142]', async () => {
  const { page, faults } = await enter('#/chat/works', 'Ann');
  const carl = await connectClient(scope, hub.url, { auth: { name: 'Carl', guestKey: 'carl0123456789abcdef' } });
  await carl.subscribe('chat:works');
  const until = join(await temporaryDir(scope), 'seen');
  const input = { steps: 20, stepMs: 50, room: 'chat:works', until };
  await carl.expectOk('job:submit', { name: 'count-for-room', input });
  const lines = byId(page, 'chat-job');
  await lines.filter({ hasText: 'Carl handed in count-for-room' }).waitFor(WAIT);
  const bar = lines.first().getByTestId('job-progress');
  await waitFor(async () => Number(await bar.getAttribute('aria-valuenow', WAIT)) > 0, { what: 'its progress' });
  await writeFile(until, '');
  const end = page.locator('[data-testid="chat-job"][data-state="done"]').last();
  await end.filter({ hasText: /Done after/ }).waitFor(WAIT);
  await end.getByTestId('chat-job-result').locator('summary').click();
  await end.getByTestId('job-result').filter({ hasText: '"counted": 20' }).waitFor(WAIT);
  await bar.waitFor({ ...WAIT, state: 'detached' });
  expect([await lines.count(), faults]).toEqual([2, []]);
});

test('an image is posted from the page of jobs, and its thumbnail is shown there', async () => {
  const { page, faults } = await enter('#/jobs', 'Photographer');
  await page.getByRole('radio', { name: 'Thumbnail' }).click();
  const form = byId(page, 'job-form-thumbnail');
  await form.getByTestId('job-field-room').fill('chat:photos');
  await form.getByTestId('job-run').click();
  await form.getByText('Choose an image').waitFor(WAIT);
  const photo = { name: 'red.png', mimeType: 'image/png', buffer: Buffer.from(PHOTO, 'base64') };
  await form.getByTestId('job-image-file').setInputFiles(photo);
  await form.getByRole('option', { name: /^red.png, Photographer/ }).waitFor({ ...WAIT, state: 'attached' });
  await form.getByTestId('job-run').click();
  const image = page.locator('[data-job="thumbnail"]').getByTestId('job-image');
  await image.waitFor(WAIT);
  await waitFor(() => image.evaluate((shown) => (shown as unknown as { naturalWidth: number }).naturalWidth === 10), {
    what: 'the image to be shown',
  });
  expect(faults).toEqual([]);
});

test('the log of the hub is a live tail that can be filtered', async () => {
  const { page, faults } = await enter('#/logs/hub', 'Watcher');
  await byId(page, 'log-line').first().waitFor(WAIT);
  await byId(page, 'log-filter').fill('no line of any log holds these words');
  await waitFor(async () => (await byId(page, 'log-line').count()) === 0, { what: 'the filter to empty the list' });
  expect(faults).toEqual([]);
});
