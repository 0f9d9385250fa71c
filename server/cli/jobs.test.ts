import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { openMemoryHub } from '../../test/support/memory-hub.js';
import { testScope } from '../../test/support/scope.js';
import { testTerminal } from '../../test/support/terminal.js';
import { mintToken, SECRET } from '../../test/support/token.js';
import { waitFor } from '../../test/support/wait.js';
import { runCli } from './cli.js';
import { EXIT } from './command.js';

const scope = testScope();

/** Runs `roomcast jobs` against the hub. */
async function jobs(hub: { url: string }, token: string, ...argv: string[]) {
  const { own, printed, reported } = testTerminal({ ROOMCAST_TOKEN: token });
  const code = await runCli(['jobs', ...argv, '--url', hub.url], own);
  return { code, printed, reported };
}

test('dead letters of all users are listed, shown and run again by an admin, and by nobody whose they are not', async () => {
  const hub = await openMemoryHub(scope, { tokenSecret: SECRET });
  let fails = true;
  hub.job('report', {
    input: z.strictObject({}),
    run: () => {
      if (fails) throw new Error('no paper');
      return 'printed';
    },
  });
  const [admin, ada, eve] = await Promise.all([
    mintToken({ admin: true }, { sub: 'root' }),
    mintToken({}, { sub: 'ada' }),
    mintToken({}, { sub: 'eve' }),
  ]);
  const headers = { Authorization: `Bearer ${ada}`, 'Content-Type': 'application/json' };
  const submitted = await fetch(`${hub.url}/api/jobs/report`, { method: 'POST', headers, body: '{ "input": {} }' });
  const { jobId } = (await submitted.json()) as { jobId: string };
  const failed = await waitFor(async () => (await jobs(hub, admin, '--failed')).printed[0]);
  expect(failed).toMatch(new RegExp(`^${jobId}  failed     \\S+Z  report  The handler failed`));
  expect((await jobs(hub, ada)).printed).toEqual([failed]);
  expect((await jobs(hub, eve)).printed).toEqual([]);

  const shown = await jobs(hub, admin, 'show', jobId);
  expect(JSON.parse(shown.printed[0]!)).toMatchObject({ owner: 'ada', failures: [{ cause: expect.stringContaining('no paper') }] });
  expect(await jobs(hub, eve, 'retry', jobId)).toMatchObject({ code: EXIT.failed, reported: [expect.stringContaining('no job')] });
  fails = false;
  expect((await jobs(hub, admin, 'retry', jobId)).printed).toEqual([expect.stringMatching(`^${jobId}  queued`)]);
  await waitFor(async () => (await jobs(hub, ada)).printed[0]!.includes('  done '), { what: 'the job to be done' });
  expect((await jobs(hub, admin, '--failed')).printed).toEqual([]);
  expect(await jobs(hub, admin, 'retry', jobId)).toMatchObject({ code: EXIT.failed, reported: [expect.stringContaining('done')] });
  expect(await jobs(hub, ada, 'discard', jobId)).toMatchObject({ code: EXIT.failed, reported: [expect.stringContaining('done')] });
});

test('a dead letter is discarded by its owner, and by nobody else', async () => {
  const hub = await openMemoryHub(scope, { tokenSecret: SECRET });
  hub.job('report', { input: z.strictObject({}), run: () => Promise.reject(new Error('no paper')) });
  const [ada, eve] = await Promise.all([mintToken({}, { sub: 'ada' }), mintToken({}, { sub: 'eve' })]);
  const headers = { Authorization: `Bearer ${ada}`, 'Content-Type': 'application/json' };
  const submitted = await fetch(`${hub.url}/api/jobs/report`, { method: 'POST', headers, body: '{ "input": {} }' });
  const { jobId } = (await submitted.json()) as { jobId: string };
  await waitFor(async () => (await jobs(hub, ada, '--failed')).printed.length === 1);
  expect(await jobs(hub, eve, 'discard', jobId)).toMatchObject({ code: EXIT.failed, reported: [expect.stringContaining('no job')] });
  expect(await jobs(hub, ada, 'discard', jobId)).toMatchObject({ code: EXIT.ok, printed: [`${jobId}  discarded`] });
  expect((await jobs(hub, ada)).printed).toEqual([]);
});

test.each([
  [['everything'], EXIT.usage, 'jobs takes nothing, or one of show, retry, discard, cancel with job ids'],
  [['retry'], EXIT.usage, 'jobs takes nothing, or one of'],
  [['--url', 'http://127.0.0.1:1'], EXIT.failed, 'cannot be reached'],
])('jobs %j is refused with one line', async (argv, code, line) => {
  const { own, reported } = testTerminal();
  expect(await runCli(['jobs', ...argv], own)).toBe(code);
  expect(reported).toEqual([expect.stringContaining(line)]);
});
