import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { writeCertificate } from '../../test/support/certificate.js';
import { startRedis } from '../../test/support/redis.js';
import { startSentinel } from '../../test/support/redis-sentinel.js';
import { testTerminal } from '../../test/support/terminal.js';
import { waitFor } from '../../test/support/wait.js';
import { createAuthenticator } from '../auth/authenticator.js';
import { claimDataDir } from '../log/data-dir.js';
import { runCli } from './cli.js';
import { EXIT } from './command.js';
import { runUntilStopped } from './run-until-stopped.js';

const SECRET = 'a secret of thirty-two bytes or more';
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'roomcast-cli-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true });
});

test.each([['--help'], ['-h'], ['help']])('%s shows commands and options', async (argument) => {
  const { own, printed } = testTerminal();
  expect(await runCli([argument], own)).toBe(EXIT.ok);
  for (const word of ['serve', 'worker', 'token', 'pipe', 'check', 'demo-cluster', '--ping-interval-ms', 'REDIS_URL']) {
    expect(printed.join('\n')).toContain(word);
  }
});

test('a command tells about itself, and --version says which', async () => {
  const { own, printed } = testTerminal();
  expect(await runCli(['token', '--help'], own)).toBe(EXIT.ok);
  expect(printed[0]).toContain('roomcast token --user <id> [flags]');
  expect(printed[0]).toContain('--expires  [12h]');
  expect(await runCli(['--version'], own)).toBe(EXIT.ok);
  expect(printed[1]).toBe(JSON.parse(await readFile('package.json', 'utf8')).version);
});

test.each([
  [['srve'], /^roomcast: unknown command srve; did you mean serve\?/],
  [['check', '--prot', '1'], /^roomcast: unknown flag --prot; did you mean --port\?/],
  [['check', 'everything'], /^roomcast: what is "everything"\?/],
  [['check', '--host', '0.0.0.0'], /^roomcast: host is 0.0.0.0/],
  [['token'], /^roomcast: --user is missing/],
  [['token', '--user', 'ada'], /^roomcast: set ROOMCAST_TOKEN_SECRET/],
  [['token', '--user', 'ada', '--expires', 'soon'], /^roomcast: --expires is "soon": it takes a time such as 90s/],
  [['pipe'], /^roomcast: pipe takes one room/],
])('%j is refused with one line and its own exit code', async (argv, line) => {
  const { own, reported, printed } = testTerminal();
  expect(await runCli(argv, own)).toBe(EXIT.usage);
  expect(reported).toEqual([expect.stringMatching(line)]);
  expect(printed).toEqual([]);
});

test('a minted token is what the hub with the same secret takes', async () => {
  const { own, printed } = testTerminal({ ROOMCAST_TOKEN_SECRET: SECRET, ROOMCAST_TOKEN_ISSUER: 'me' });
  const flags = ['--user', 'ada', '--name', 'Ada', '--read', 'chat:*,logs:api', '--ingest=metrics:*', '--expires', '1h', '--admin'];
  expect(await runCli(['token', ...flags], own)).toBe(EXIT.ok);
  const hub = createAuthenticator({ tokenSecret: SECRET, tokenIssuer: 'me', guests: false });
  const { expiresAt, ...principal } = await hub.authenticate({ token: printed[0] });
  expect(principal).toEqual({
    user: { id: 'ada', name: 'Ada' },
    guest: false,
    admin: true,
    grants: { read: ['chat:*', 'logs:api'], write: [], ingest: ['metrics:*'] },
  });
  expect(expiresAt).toBeGreaterThan(Date.now() + 3_500_000);
  await runCli(['token', '--user', 'ada', '--expires', 'never'], own);
  expect((await hub.authenticate({ token: printed[1] })).expiresAt).toBeUndefined();
});

test('a thing that runs is closed when it is told to stop, also while it starts', async () => {
  const { own, printed, stop } = testTerminal();
  let closed = 0;
  const start = async () => ({ close: async () => void closed++ });
  const running = runUntilStopped(start, () => 'it runs', own);
  await waitFor(() => printed.includes('it runs'));
  expect(closed).toBe(0);
  stop();
  expect(await running).toBe(EXIT.ok);
  expect(await runUntilStopped(start, () => 'not said', own)).toBe(EXIT.ok);
  expect(closed).toBe(2);
  expect(printed).toEqual(['it runs']);
});

test('check says for each thing that the configuration names whether it works', async () => {
  const redis = await startRedis();
  try {
    const { cert, key } = await writeCertificate(dir, 'hub');
    const tls = { ROOMCAST_TLS_CERT: cert, ROOMCAST_TLS_KEY: key };
    const well = testTerminal({ PORT: '0', REDIS_URL: redis.url, ...tls });
    expect({ code: await runCli(['check'], well.own), printed: well.printed }).toMatchObject({ code: EXIT.ok });
    expect(well.printed).toEqual([
      'ok    address 127.0.0.1:0: free',
      expect.stringMatching(/^ok {4}Redis 127.0.0.1:\d+: version \d.*no persistence/),
      'ok    certificate: it and its key fit',
      'The configuration works.',
    ]);
  } finally {
    await redis.stop();
  }
});

test('check asks every master that Sentinels or a Cluster name, and says which cannot be reached', async () => {
  const sentinels = await startSentinel();
  try {
    const well = testTerminal({ PORT: '0', REDIS_URL: sentinels.url });
    expect(await runCli(['check'], well.own)).toBe(EXIT.ok);
    expect(well.printed[1]).toMatch(/^ok {4}Redis \S+ of the Sentinels 127.0.0.1:\d+.*persistence/);
  } finally {
    await sentinels.stop();
  }
  const away = testTerminal({ PORT: '0', REDIS_URL: sentinels.url });
  expect(await runCli(['check'], away.own)).toBe(EXIT.failed);
  expect(away.printed[1]).toMatch(/^bad {3}Redis \S+ of the Sentinels .*: \S+/);
}, 60_000);

test('check says what is wrong: a port in use, a directory in use, Redis and keys that are not there', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const release = claimDataDir(dir);
  const embedded = testTerminal({
    PORT: String((taken.address() as AddressInfo).port),
    ROOMCAST_DATA_DIR: dir,
    ROOMCAST_JWKS: join(dir, 'keys.json'),
  });
  expect(await runCli(['check'], embedded.own)).toBe(EXIT.failed);
  expect(embedded.printed).toEqual([
    expect.stringMatching(/^bad {3}address 127.0.0.1:\d+: it is in use/),
    expect.stringMatching(/^bad {3}data directory .*: the data directory .* is in use by this very process/),
    expect.stringMatching(/^bad {3}keys .*: ENOENT/),
    '3 of these would keep the hub from working.',
  ]);
  release();
  await writeFile(join(dir, 'keys.json'), '{"keys":[]}');
  const joined = testTerminal({ PORT: '0', REDIS_URL: 'redis://127.0.0.1:1', ROOMCAST_JWKS: join(dir, 'keys.json') });
  expect(await runCli(['check'], joined.own)).toBe(EXIT.failed);
  expect(joined.printed[1]).toMatch(/^bad {3}Redis 127.0.0.1:1: .*ECONNREFUSED/);
  expect(joined.printed[2]).toMatch(/^ok {4}keys .*: 0 found/);
  taken.close();
});
