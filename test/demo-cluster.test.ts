import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, test } from '@jest/globals';
import type { Child } from '../server/cli/child.js';
import { get } from './support/http.js';
import { roomcast } from './support/hub-process.js';
import { fileScope } from './support/scope.js';
import { connectClient } from './support/stock-client.js';
import { waitFor } from './support/wait.js';

const scope = fileScope();

/** The processes that it names, by name. */
function partsOf(output: string): Map<string, number> {
  return new Map([...output.matchAll(/^ {2}(\S+) +pid (\d+)/gm)].map(([, name, pid]) => [name!, Number(pid)]));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

const demoDirs = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('roomcast-demo-')).sort();

async function startDemo(): Promise<{ demo: Child; url: string; parts: Map<string, number> }> {
  const demo = await roomcast(scope, ['demo-cluster']);
  await demo.printed(/Ctrl-C/, 120_000);
  const [, url] = /runs at (http:\/\/127\.0\.0\.1:\d+)/.exec(demo.output())!;
  return { demo, url: url!, parts: partsOf(demo.output()) };
}

test('the demo cluster is one hub at one address: rooms, pages and jobs; Ctrl-C ends all of it', async () => {
  const before = await demoDirs();
  const { demo, url, parts } = await startDemo();
  expect([...parts.keys()].sort()).toEqual(['hub-1', 'hub-2', 'hub-3', 'nginx', 'redis', 'worker-1', 'worker-2']);
  expect([...parts.values()].every(isAlive)).toBe(true);
  expect((await get(`${url}/`)).text).toContain('<html');

  const clients = await Promise.all(Array.from({ length: 6 }, () => connectClient(scope, url)));
  await Promise.all(clients.map((client) => client.subscribe('chat:demo')));
  await clients[0]!.publish('chat:demo', { text: 'to all' }, { id: 'all' });
  await Promise.all(clients.map((client) => client.hears('all')));
  const job = await clients[1]!.expectOk<{ jobId: string }>('job:submit', { name: 'search', input: { room: 'chat:demo', query: 'all' } });
  await clients[1]!.event<{ jobId: string; state: string }>('job', ({ jobId, state }) => jobId === job.jobId && state === 'done');

  demo.signal('SIGINT');
  expect(await demo.exited).toEqual({ code: 0, signal: null });
  await waitFor(() => ![...parts.values()].some(isAlive), { what: 'all parts to be gone' });
  expect(await demoDirs()).toEqual(before);
});

test('a part that dies is named, and the rest ends', async () => {
  const { demo, parts } = await startDemo();
  process.kill(parts.get('worker-2')!, 'SIGKILL');
  expect((await demo.exited).code).toBe(1);
  expect(demo.output()).toMatch(new RegExp(`worker-2 \\(pid ${parts.get('worker-2')}\\) has ended: SIGKILL`));
  await waitFor(() => ![...parts.values()].some(isAlive), { what: 'all parts to be gone' });
});

test('a program that is missing is named with its package, and nothing stays behind', async () => {
  const before = await demoDirs();
  const demo = await roomcast(scope, ['demo-cluster'], { PATH: '/nowhere' });
  expect((await demo.exited).code).toBe(1);
  expect(demo.output().trim()).toMatch(/^roomcast: .*redis-server.*apt-get install redis-server$/);
  expect(await demoDirs()).toEqual(before);
});
