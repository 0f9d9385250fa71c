import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ROOT, temporaryDir } from './support/files.js';
import { startHub } from './support/hub-process.js';
import { freePort } from './support/redis.js';
import { roomLines } from './support/room-lines.js';
import { testScope } from './support/scope.js';
import { waitFor } from './support/wait.js';

const scope = testScope();
const env = { ROOMCAST_HOST_METRICS: 'off' };

/** A process group of its own, ended as one. */
function startShell(command: string, cwd: string): ChildProcess {
  const shell = spawn('bash', ['-c', command], { cwd, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  return scope.defer(shell, ({ pid, exitCode, signalCode }) => {
    if (exitCode === null && signalCode === null) process.kill(-pid!, 'SIGKILL');
  });
}

test('`tail -f app.log | curl -T -` shows each line in the room while its body stays open', async () => {
  const [hub, dir] = [await startHub(scope, { env }), await temporaryDir(scope)];
  const log = join(dir, 'app.log');
  await writeFile(log, 'it starts\n');
  const shell = startShell(`tail -n +1 -f app.log | curl -sS -T - '${hub.url}/api/ingest/logs:app?source=web-1'`, dir);
  const lines = () => roomLines(hub.url, 'logs:app');
  await waitFor(async () => (await lines()).length === 1, { what: 'the first line' });
  await appendFile(log, 'ERROR it failed\nError: no\n    at f (x.js:1)\n\u001b[32mit goes on\u001b[0m\n');
  await waitFor(async () => (await lines()).length === 3, { what: 'what was written later' });
  expect(shell.exitCode).toBeNull();
  expect(await lines()).toMatchObject([
    { text: 'it starts', source: 'web-1' },
    { text: 'ERROR it failed\nError: no\n    at f (x.js:1)', level: 'error', source: 'web-1' },
    { text: 'it goes on', fields: { ansi: [[0, 10, '32']] } },
  ]);
});

test('what is piped through a hub that is killed and started again is in the room, all of it, in order, once', async () => {
  const port = await freePort();
  const hub = await startHub(scope, { env, port });
  const args = [`${ROOT}dist/server/main.js`, 'pipe', 'logs:build', '--url', hub.url];
  const pipe = spawn(process.execPath, args, { env: { PATH: process.env.PATH }, stdio: ['pipe', 'inherit', 'pipe'] });
  scope.defer(pipe, (child) => child.kill('SIGKILL'));
  let said = '';
  pipe.stderr.setEncoding('utf8').on('data', (text) => (said += text));
  let written = 0;
  const write = async (count: number) => {
    for (const end = written + count; written < end; written++) {
      if (!pipe.stdin.write(`line ${written} ${'x'.repeat(100)}\n`)) await once(pipe.stdin, 'drain');
    }
  };
  await write(5_000);
  await waitFor(async () => (await roomLines(hub.url, 'logs:build')).length > 0, { what: 'the first lines' });
  const writing = write(20_000);
  hub.signal('SIGKILL');
  await hub.exited;
  await waitFor(() => said.includes('waiting for the hub'), { what: 'the pipe to see it' });
  await startHub(scope, { env, port, dataDir: hub.dataDir });
  await writing;
  pipe.stdin.end();
  const [code] = await once(pipe, 'close');
  const numbers = (await roomLines(hub.url, 'logs:build')).map(({ text }) => Number(text.split(' ')[1]));
  expect({ code, lines: numbers.length }).toEqual({ code: 0, lines: written });
  expect(numbers.every((number, at) => number === at)).toBe(true);
  expect(said).toMatch(/the hub is back/);
});
