import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from '@jest/globals';
import { testTerminal } from '../../test/support/terminal.js';
import { waitFor } from '../../test/support/wait.js';
import { runCli } from './cli.js';
import { EXIT } from './command.js';
import { createPipeOutbox, type PipeBatch } from './pipe-outbox.js';
import { PipeSender } from './pipe-sender.js';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

interface Given {
  readonly url: URL;
  readonly key: string;
  readonly body: string;
}

type Answer = (given: Given, request: IncomingMessage) => { status: number; body?: unknown; headers?: Record<string, string> } | undefined;

/** A hub that is made of its answers; without one it cuts the connection. */
async function listen(answer: Answer): Promise<string> {
  const listening = createServer(async (request, response) => {
    const url = new URL(request.url!, 'http://hub');
    const said = answer({ url, key: String(request.headers['idempotency-key']), body: await text(request) }, request);
    if (!said) return void request.socket.destroy();
    response.writeHead(said.status, { 'content-type': 'application/json', ...said.headers }).end(JSON.stringify(said.body ?? {}));
  });
  server = listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

const AWAY = { error: { code: 'unavailable', message: 'away', retry: 'later', retryAfterMs: 1 } };
const linesOf = (body: string) => body.trimEnd().split('\n');

test('lines of stdin arrive in order, all of them, also over an outage of the hub, and each batch under one key', async () => {
  const got: string[] = [];
  const keys: string[] = [];
  let outages = 3;
  const url = await listen(({ url: { pathname }, key, body }, request) => {
    expect(pathname).toBe('/base/api/ingest/logs%3Abuild');
    expect(request.headers).toMatchObject({ authorization: 'Bearer abc', 'content-type': 'text/plain; charset=utf-8' });
    if (outages-- > 0) {
      keys.push(key);
      return outages === 1 ? undefined : { status: 503, body: AWAY };
    }
    keys.push(key);
    got.push(...linesOf(body));
    return { status: 200 };
  });
  const { own, stdin, printed, reported } = testTerminal({ ROOMCAST_TOKEN: 'abc' });
  const piping = runCli(['pipe', 'logs:build', '--url', `${url}/base`, '--tee'], own);
  const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index} é`);
  stdin.write('first\r\n\n');
  stdin.end(lines.join('\n'));
  expect(await piping).toBe(EXIT.ok);
  expect(got).toEqual(['first', ...lines]);
  expect(printed.filter((line) => line !== '')).toEqual(got);
  expect(reported).toEqual(['roomcast: waiting for the hub: away', 'roomcast: the hub is back']);
  expect(new Set(keys.slice(0, 4)).size).toBe(1);
  expect(new Set(keys).size).toBe(keys.length - 3);
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}:1$/);
});

test('what the hub refuses for good ends the pipe with its reason, and stdin is let go', async () => {
  const url = await listen(() => ({ status: 403, body: { error: { code: 'forbidden', message: 'not this room', retry: 'never' } } }));
  const { own, stdin, reported } = testTerminal();
  const piping = runCli(['pipe', 'logs:build', '--url', url], own);
  stdin.write('a line\n');
  expect(await piping).toBe(EXIT.failed);
  expect(reported).toEqual(['roomcast: logs:build was not sent: not this room']);
  expect(stdin.destroyed).toBe(true);
});

test('lines that the hub refuses are reported, the others go on, and the exit code says it', async () => {
  const got: string[] = [];
  const url = await listen(({ body }) => {
    got.push(...linesOf(body));
    const errors = [{ line: 1, code: 'too_deep', message: 'too deep' }];
    if (body.startsWith('bad'))
      return { status: 400, body: { error: { code: 'too_deep', message: 'too deep', retry: 'never' }, accepted: 0, refused: 2, errors } };
    return { status: 200, body: { accepted: 1, refused: 0, errors: [] } };
  });
  const { own, stdin, reported } = testTerminal();
  const piping = runCli(['pipe', 'logs:build', '--url', url], own);
  stdin.write('bad\n');
  await waitFor(() => reported.length > 0);
  stdin.end('good\n');
  expect(await piping).toBe(EXIT.failed);
  expect(got).toEqual(['bad', 'good']);
  expect(reported).toEqual(['roomcast: lines were refused: line 1 of a batch: too deep; and 1 more']);
});

test('a pipe to a hub that is not there gives up in time, and a stop ends the waiting', async () => {
  const patient = testTerminal();
  const piping = runCli(['pipe', 'logs:build', '--url', 'http://127.0.0.1:1', '--give-up-ms', '0'], patient.own);
  patient.stdin.write('a line\n');
  await waitFor(() => patient.reported.length > 0);
  patient.stop();
  expect(await piping).toBe(EXIT.failed);
  const hasty = testTerminal();
  hasty.stdin.end('a line\n');
  expect(await runCli(['pipe', 'logs:build', '--url', 'http://127.0.0.1:1', '--give-up-ms', '1'], hasty.own)).toBe(EXIT.failed);
  expect(hasty.reported.at(-1)).toMatch(/^roomcast: logs:build was not sent: http:\/\/127.0.0.1:1 cannot be reached/);
});

test('a pipe that is stopped sends what it has read', async () => {
  const got: string[] = [];
  const url = await listen(({ body }) => {
    got.push(...linesOf(body));
    return { status: 200 };
  });
  const { own, stdin, printed, stop } = testTerminal();
  const piping = runCli(['pipe', 'logs:build', '--url', url, '--tee'], own);
  stdin.write('one\ntwo\n');
  await waitFor(() => printed.includes('two'), { intervalMs: 1 });
  stop();
  expect(await piping).toBe(EXIT.ok);
  expect(got).toEqual(['one', 'two']);
  expect(stdin.destroyed).toBe(true);
});

test('while the hub takes nothing, the command waits', async () => {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  let sent = 0;
  const outbox = createPipeOutbox(async ({ body }) => {
    await opened;
    sent += body.length;
  });
  const entry = 'x'.repeat(100_000);
  let put = outbox.put(entry);
  let puts = 1;
  const settled = () => Promise.race([put.then(() => true), new Promise<false>((resolve) => setImmediate(resolve, false))]);
  for (; await settled(); puts++) put = outbox.put(entry);
  expect(puts).toBeLessThan(20);
  open();
  await put;
  outbox.end();
  await outbox.sent;
  expect(sent).toBe(puts * (entry.length + 1));
});

test('no batch ends within an entry, and lines that are read late are of another batch', async () => {
  const sent: PipeBatch[] = [];
  let now = 0;
  let release: () => void = () => {};
  const first = new Promise<void>((resolve) => (release = resolve));
  const outbox = createPipeOutbox(
    async (batch) => {
      sent.push(batch);
      if (sent.length === 1) await first;
    },
    () => now,
  );
  await outbox.put('first');
  const entry = `head\n${'\tat x\n'.repeat(30_000)}end`;
  for (let i = 0; i < 3; i++) await outbox.put(entry);
  now = 5_000;
  await outbox.put('late');
  outbox.end();
  release();
  await outbox.sent;
  expect(sent).toEqual([
    { body: 'first\n', readAt: 0 },
    { body: `${entry}\n`, readAt: 0 },
    { body: `${entry}\n`, readAt: 0 },
    { body: `${entry}\n`, readAt: 0 },
    { body: 'late\n', readAt: 5_000 },
  ]);
});

test('level, source and rule go with each batch, and the time with one that had to wait', async () => {
  const asked: string[] = [];
  const url = await listen(({ url: { search } }) => {
    asked.push(search);
    return { status: 200 };
  });
  const { own, stdin } = testTerminal();
  stdin.end('a line\n');
  const flags = ['--level', 'warn', '--source', 'build 7', '--multiline', 'dated'];
  expect(await runCli(['pipe', 'logs:build', '--url', url, ...flags], own)).toBe(EXIT.ok);
  expect(asked).toEqual(['?level=warn&source=build+7&multiline=dated']);
  const options = {
    url,
    room: 'logs:a',
    token: undefined,
    format: 'ndjson',
    level: undefined,
    source: undefined,
    multiline: 'off',
    giveUpMs: 0,
  } as const;
  await new PipeSender({ ...options, report: () => {}, stop: own.stop }).send({ body: 'x\n', readAt: 1_000 });
  expect(asked[1]).toBe('?multiline=off&time=1000');
});

test.each([
  ['--level', 'loud'],
  ['--source', 'x'.repeat(300)],
  ['--multiline', '(a+)+$'],
])('%s %s is refused before anything is read', async (flag, value) => {
  const { own, reported } = testTerminal();
  expect(await runCli(['pipe', 'logs:build', flag, value], own)).toBe(EXIT.usage);
  expect(reported).toHaveLength(1);
});
