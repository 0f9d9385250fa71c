import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { type Child, startChild } from '../server/cli/child.js';
import { ROOT, storageDir, temporaryDir } from './support/files.js';
import { get } from './support/http.js';
import { fileScope } from './support/scope.js';
import { connectClient } from './support/stock-client.js';

const scope = fileScope();
const { PATH, HOME } = process.env;
/** Of two that install side by side on a slow machine. */
const SETUP_MS = 480_000;

async function npm(args: string[], cwd: string, env: Record<string, string> = {}): Promise<Child> {
  const child = await startChild(`npm ${args.join(' ')}`, 'npm', args, { cwd, env: { PATH, HOME, ...env } });
  return scope.defer(child, (started) => started.stop());
}

async function addressOf(child: Child): Promise<string> {
  return (await child.printed(/Roomcast on (http:\/\/127\.0\.0\.1:\d+)/, SETUP_MS))[1]!;
}

/** The files of the last commit and nothing else: no packages, no build. */
async function freshClone(): Promise<string> {
  const dir = `${await temporaryDir(scope)}/clone`;
  await promisify(execFile)('git', ['clone', '--quiet', '--no-hardlinks', ROOT, dir]);
  return dir;
}

test(
  'in a fresh clone two `npm start` at once install, build and serve the pages, side by side',
  async () => {
    const dir = await freshClone();
    const [one, two] = [await storageDir(scope), await storageDir(scope)];
    const starts = [one, two].map((dataDir) => npm(['start'], dir, { PORT: '0', ROOMCAST_DATA_DIR: dataDir }));
    const [first, second] = await Promise.all(starts);
    const urls = await Promise.all([addressOf(first!), addressOf(second!)]);
    expect(urls[0]).not.toBe(urls[1]);
    for (const url of urls) {
      expect((await get(`${url}/readyz`)).status).toBe(200);
      expect((await get(`${url}/`)).text).toMatch(/<script type="module"/);
      const client = await connectClient(scope, url);
      await client.subscribe('chat:lobby');
      await client.publish('chat:lobby', { text: 'hello' }, { id: 'hello' });
      expect((await client.hears('hello')).position).toMatch(/:1$/);
    }
    const third = await npm(['start'], dir, { PORT: '0', ROOMCAST_DATA_DIR: one });
    expect((await third.exited).code).not.toBe(0);
    expect(third.output()).toContain(one);
    expect(third.output()).not.toMatch(/\n\s+at /);
  },
  SETUP_MS + 60_000,
);
