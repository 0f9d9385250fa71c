import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, test } from '@jest/globals';
import { get } from './support/http.js';
import { runRoomcast, spawnHub, startHub } from './support/hub-process.js';
import { fileScope } from './support/scope.js';
import { SECRET } from './support/token.js';

const scope = fileScope();

/** What a start that must not happen says: one line, without a stack. */
async function refusal(args: string[], env: Record<string, string>): Promise<{ code: number | null; lines: string[] }> {
  const { code, output } = await runRoomcast(scope, args, env);
  return { code, lines: output.trim().split('\n') };
}

test.each([
  ['an unknown variable', ['serve'], { ROOMCAST_DATA_DIRR: '/tmp' }, /ROOMCAST_DATA_DIRR.*did you mean ROOMCAST_DATA_DIR\?/],
  ['an unknown flag', ['serve', '--prot', '1'], {}, /--prot.*did you mean --port\?/],
  ['a value of the wrong sort', ['serve', '--port', 'eighty'], {}, /--port.*whole number/],
  ['a value out of range', ['serve'], { PORT: '70000' }, /PORT.*0 to 65535/],
  [
    'a secret that is too short, unprinted',
    ['serve'],
    { ROOMCAST_TOKEN_SECRET: 'short-secret' },
    /^(?!.*short-secret).*ROOMCAST_TOKEN_SECRET.*32 bytes/,
  ],
  ['an address that others reach, without tokens', ['serve'], { ROOMCAST_HOST: '0.0.0.0' }, /0\.0\.0\.0.*ROOMCAST_TOKEN_SECRET/],
  ['a certificate without its key', ['serve'], { ROOMCAST_TLS_CERT: '/tmp/cert.pem' }, /ROOMCAST_TLS_KEY/],
  ['a worker without Redis', ['worker'], {}, /REDIS_URL/],
  ['an unknown command', ['sevre'], {}, /did you mean serve\?/],
])('%s stops the start with one line that names it', async (_what, args, env, line) => {
  const { code, lines } = await refusal(args, env);
  expect({ code, lines }).toEqual({ code: 2, lines: [expect.stringMatching(line)] });
});

test('a port in use stops the start with one line', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const { hub } = await spawnHub(scope, { port });
  expect(await hub.exited).toMatchObject({ code: 1 });
  expect(hub.output().trim().split('\n').at(-1)).toMatch(new RegExp(`port ${port} .*in use`));
  await new Promise((resolve) => server.close(resolve));
});

test('--help shows every option with its variable, --version the version', async () => {
  const help = await runRoomcast(scope, ['--help']);
  expect(help.code).toBe(0);
  for (const word of ['serve', 'worker', 'token', 'pipe', 'check', 'PORT', 'REDIS_URL', 'ROOMCAST_DATA_DIR', 'ROOMCAST_LIMITS']) {
    expect(help.output).toContain(word);
  }
  expect(await runRoomcast(scope, ['--version'])).toMatchObject({ code: 0, output: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
});

test('with a secret it listens on every address, and asks for a token', async () => {
  const { hub } = await spawnHub(scope, { args: ['--host', '0.0.0.0'], env: { ROOMCAST_TOKEN_SECRET: SECRET } });
  const [, port] = await hub.printed(/Roomcast on https?:\/\/[^:]+:([0-9]+)/);
  expect((await get(`http://127.0.0.1:${port}/api/rooms`)).status).toBe(401);
  expect((await get(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
});

test('a fresh hub says where it is, what a crash could lose, and is ready', async () => {
  const hub = await startHub(scope);
  expect((await get(`${hub.url}/healthz`)).status).toBe(200);
  expect((await get(`${hub.url}/readyz`)).status).toBe(200);
  await hub.printed(/lost|loses|lose/i);
});
