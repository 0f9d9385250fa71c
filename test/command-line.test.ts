import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { beforeAll, expect, test } from '@jest/globals';
import { ROOT, storageDir } from './support/files.js';
import { type HubProcess, runRoomcast, startHub } from './support/hub-process.js';
import { freePort } from './support/redis.js';
import { fileScope, testScope } from './support/scope.js';
import { connectClient } from './support/stock-client.js';
import { mintToken, SECRET } from './support/token.js';
import { waitFor } from './support/wait.js';

const scope = testScope();
const file = fileScope();
let hub: HubProcess;
beforeAll(async () => {
  hub = await startHub(file, { env: { ROOMCAST_TOKEN_SECRET: SECRET } });
});

/** `… | roomcast pipe ROOM`, its input written by the test. */
function pipe(room: string, url: string, token: string) {
  const args = [`${ROOT}dist/server/main.js`, 'pipe', room, '--url', url];
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, ROOMCAST_TOKEN: token },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  scope.defer(child, (started) => started.kill('SIGKILL'));
  return { stdin: child.stdin, ended: once(child, 'close').then(([code]) => code) };
}

async function tail(url: string, room: string) {
  const client = await connectClient(scope, url, { auth: { token: await mintToken({}, { sub: 'reader' }) } });
  await client.subscribe(room);
  return () => client.of(room).flatMap(({ data }) => (data as { lines: { text: string }[] }).lines.map(({ text }) => text));
}

const writer = () => mintToken({ rooms: { ingest: ['logs:*'] } }, { sub: 'builder' });

test('`some-command | roomcast pipe` brings lines into a room as they come, and ends with its input', async () => {
  const lines = await tail(hub.url, 'logs:build');
  const { stdin, ended } = pipe('logs:build', hub.url, await writer());
  stdin.write('first\nsec');
  await waitFor(() => lines().join() === 'first', { what: 'the first line, before the input ends' });
  stdin.end('ond\nlast without a line end');
  expect(await ended).toBe(0);
  await waitFor(() => lines().length === 3);
  expect(lines()).toEqual(['first', 'second', 'last without a line end']);
});

test('what is piped while the hub is away arrives when it is back', async () => {
  const [port, dataDir] = [await freePort(), await storageDir(scope)];
  const { stdin, ended } = pipe('logs:later', `http://127.0.0.1:${port}`, await writer());
  stdin.write('said to nobody\n');
  await startHub(scope, { port, dataDir, env: { ROOMCAST_TOKEN_SECRET: SECRET } });
  stdin.end('and to somebody\n');
  expect(await ended).toBe(0);
  const reader = await connectClient(scope, `http://127.0.0.1:${port}`, { auth: { token: await mintToken({}, { sub: 'reader' }) } });
  const { messages } = await reader.history('logs:later');
  expect(messages.flatMap(({ data }) => (data as { lines: { text: string }[] }).lines.map(({ text }) => text))).toEqual([
    'said to nobody',
    'and to somebody',
  ]);
});

test('a token that may not write there ends the pipe with one line', async () => {
  const { stdin, ended } = pipe('logs:build', hub.url, await mintToken({}, { sub: 'nobody' }));
  stdin.end('x\n');
  expect(await ended).toBe(1);
});

test('`roomcast check` says what works and what does not, one line each', async () => {
  const good = await runRoomcast(scope, ['check', '--port', '0'], { ROOMCAST_DATA_DIR: await storageDir(scope) });
  expect(good).toMatchObject({ code: 0, output: expect.stringContaining('data') });
  const bad = await runRoomcast(scope, ['check', '--port', String(hub.port)], {
    ROOMCAST_DATA_DIR: hub.dataDir,
    REDIS_URL: `redis://127.0.0.1:${await freePort()}`,
  });
  expect(bad.code).toBe(1);
  expect(bad.output).toMatch(/redis/i);
  expect(bad.output).toMatch(new RegExp(String(hub.port)));
  expect(bad.output).not.toMatch(/\n\s+at /);
});
