import { readdir } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { type Child, startChild } from '../server/cli/child.js';
import type { JobState } from '../shared/protocol.js';
import { ROOT, storageDir } from './support/files.js';
import { get } from './support/http.js';
import { startHub } from './support/hub-process.js';
import { testScope } from './support/scope.js';
import { connectClient } from './support/stock-client.js';
import { waitFor } from './support/wait.js';

const scope = testScope();

async function runExample(file: string, args: string[] = [], env: Record<string, string> = {}): Promise<Child> {
  const { PATH } = process.env;
  const child = await startChild(file, process.execPath, [`${ROOT}examples/${file}`, ...args], { cwd: ROOT, env: { PATH, ...env } });
  return scope.defer(child, (started) => started.stop());
}

test('each example is run here', async () => {
  expect((await readdir(`${ROOT}examples`)).sort()).toEqual([
    'chat-bot.js',
    'existing-app',
    'metrics-dashboard.js',
    'metrics-publisher.js',
  ]);
});

test('a Socket.IO program with Roomcast in it keeps its own events and routes, and has rooms, checked events and jobs', async () => {
  const child = await runExample('existing-app/server.js', [], { PORT: '0', DATA_DIR: await storageDir(scope) });
  const [, url] = (await child.printed(/(http:\/\/127\.0\.0\.1:\d+)/)) as unknown as [string, string];
  const [ann, bob] = [await connectClient(scope, url, { auth: { name: 'Ann' } }), await connectClient(scope, url)];

  ann.say('shout', 'dinner!');
  expect(await bob.event<string>('shouted')).toBe('DINNER!');

  await bob.subscribe('chat:kitchen');
  const order = await ann.expectOk<{ id: number }>('order', { dish: 'pie', count: 2 });
  expect((await bob.hears(`order-${order.id}`)).data).toEqual({ text: '2 x pie, for Ann' });
  expect((await get(`${url}/orders`)).body).toEqual([{ id: 1, dish: 'pie', count: 2, by: 'Ann' }]);
  expect(await ann.ask('order', { dish: 'soup', count: 1 })).toMatchObject({
    error: { code: 'not_found', message: 'there is no soup left' },
  });
  expect(await ann.ask('order', { dish: 'pie', count: 'two' })).toMatchObject({ error: { code: 'invalid' } });
  expect(await ann.ask('order', { dish: 'pie', count: 1, __proto__x: 1 })).toMatchObject({ error: { code: 'invalid' } });

  const job = await ann.expectOk<JobState>('job:submit', { name: 'forecast', input: { days: 60 } });
  const done = await ann.event<JobState>('job', ({ jobId, state }) => jobId === job.jobId && state === 'done');
  expect(done.result).toMatchObject({ days: 60, highest: expect.any(Number) });

  child.signal('SIGTERM');
  expect(await child.exited).toEqual({ code: 0, signal: null });
});

test('the metrics publisher and the dashboard show the same room', async () => {
  const hub = await startHub(scope);
  const dashboard = await runExample('metrics-dashboard.js', [hub.url, 'metrics:oven']);
  await dashboard.printed(/0 series/);
  await runExample('metrics-publisher.js', [hub.url, 'metrics:oven']);
  await dashboard.printed(/oven_celsius\{oven="left"\} 2\d\d.*rolls_sold_total \d+/);
  const client = await connectClient(scope, hub.url);
  expect((await client.subscribe('metrics:oven')).metrics!.names.sort()).toEqual([
    'oven_celsius{oven="left"}',
    'oven_celsius{oven="right"}',
    'rolls_sold_total',
  ]);
});

test('the chat bot answers once, also to what was said while it was away', async () => {
  const dataDir = await storageDir(scope);
  const hub = await startHub(scope, { dataDir });
  const bot = await runExample('chat-bot.js', [hub.url, 'chat:games']);
  await bot.printed(/listens in chat:games/);
  const client = await connectClient(scope, hub.url, { auth: { name: 'Ann' } });
  await client.subscribe('chat:games');
  const { id } = await client.publish('chat:games', { text: '!dice' });
  expect((await client.hears(`re-${id}`)).data).toEqual({ text: expect.stringMatching(/^@Ann: [1-6]$/) });

  hub.signal('SIGKILL');
  await hub.exited;
  await startHub(scope, { dataDir, port: hub.port });
  await waitFor(() => client.socket.connected);
  await client.subscribe('chat:games');
  const later = await client.publish('chat:games', { text: '!help' });
  await client.hears(`re-${later.id}`);
  const { messages } = await client.history('chat:games');
  expect(messages).toHaveLength(4);
});
