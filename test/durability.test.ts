import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { PublishAnswer } from '../shared/protocol.js';
import { storageDir } from './support/files.js';
import { get } from './support/http.js';
import { spawnHub, startHub } from './support/hub-process.js';
import { fileScope } from './support/scope.js';
import { smallDisk } from './support/small-disk.js';
import { connectClient, countFrom, seqs } from './support/stock-client.js';
import { waitFor } from './support/wait.js';

const scope = fileScope();
const NO_LIMITS = { ROOMCAST_LIMITS: 'off' };

test('a hub killed in the middle of publications has each acknowledged one when it is back, and knows them again', async () => {
  const dataDir = await storageDir(scope);
  const first = await startHub(scope, { dataDir, env: NO_LIMITS });
  const clients = await Promise.all(Array.from({ length: 4 }, () => connectClient(scope, first.url, { reconnection: false })));
  const acknowledged = new Map<string, PublishAnswer>();
  const sender = async (client: (typeof clients)[number], who: number) => {
    for (let n = 0; client.socket.connected; n++) {
      const id = `${who}-${n}`;
      const answer = await client.publish('chat:kept', { text: id }, { id }).catch(() => undefined);
      if (answer) acknowledged.set(id, answer);
    }
  };
  const senders = Promise.all(clients.map(sender));
  await waitFor(() => acknowledged.size >= 400, { what: '400 acknowledged messages' });
  first.signal('SIGKILL');
  await first.exited;
  for (const { socket } of clients) socket.disconnect();
  await senders;

  const second = await startHub(scope, { dataDir, env: NO_LIMITS });
  const reader = await connectClient(scope, second.url);
  const stored = [];
  for (let after = '', more = true; more; ) {
    const page = await reader.history(
      'chat:kept',
      after ? { after, limit: 500 } : { limit: 500, after: `${[...acknowledged.values()][0]!.position.split(':')[0]}:0` },
    );
    stored.push(...page.messages);
    more = page.more;
    after = page.messages.at(-1)!.position;
  }
  expect(seqs(stored)).toEqual(countFrom(1, stored.length));
  const positions = new Map(stored.map(({ id, position }) => [id, position]));
  expect(positions.size).toBe(stored.length);
  for (const [id, { position }] of acknowledged) expect({ id, position: positions.get(id) }).toEqual({ id, position });

  const [id, answer] = [...acknowledged][0]!;
  expect(await reader.publish('chat:kept', { text: id }, { id })).toMatchObject({ id, position: answer.position, repeated: true });
  const next = await reader.publish('chat:kept', { text: 'after' });
  expect(seqs([next])).toEqual([stored.length + 1]);
});

test('a client that was there before the kill goes on from its position', async () => {
  const dataDir = await storageDir(scope);
  const first = await startHub(scope, { dataDir });
  const client = await connectClient(scope, first.url);
  const { position } = await client.publish('chat:again', { text: 'before' });
  await client.publish('chat:again', { text: 'missed' });
  first.signal('SIGKILL');
  await first.exited;
  const second = await startHub(scope, { dataDir, port: first.port });
  await waitFor(() => client.socket.connected, { what: 'the client to be back' });
  const answer = await client.subscribe('chat:again', { since: position });
  expect(answer).toMatchObject({ recovered: true, messages: [{ data: { text: 'missed' } }] });
  expect(second.port).toBe(first.port);
});

test('a second hub on the same data directory is refused in one clear line, and the first lives', async () => {
  const first = await startHub(scope);
  const { hub } = await spawnHub(scope, { dataDir: first.dataDir });
  expect(await hub.exited).toMatchObject({ code: 1 });
  expect(hub.output().trim().split('\n')).toEqual([expect.stringContaining(first.dataDir)]);
  const client = await connectClient(scope, first.url);
  expect(await client.publish('chat:x', { text: 'still here' })).toMatchObject({ position: expect.stringMatching(/:1$/) });
});

test('a torn data file is refused in one clear line, and so is one that is none', async () => {
  const first = await startHub(scope, { env: NO_LIMITS });
  const client = await connectClient(scope, first.url);
  for (let n = 0; n < 20; n++) await client.publish('chat:x', { text: 'x'.repeat(20_000) });
  await first.stop();
  const file = join(first.dataDir, 'rooms/log/data.mdb');
  for (const harm of [() => truncate(file, 200_000), () => writeFile(file, 'nonsense')]) {
    await harm();
    const { hub } = await spawnHub(scope, { dataDir: first.dataDir });
    expect(await hub.exited).toMatchObject({ code: 1 });
    expect(hub.output().trim().split('\n')).toEqual([expect.stringContaining('rooms/log cannot be opened: data.mdb is damaged: ')]);
  }
});

test('hubs with different data directories run side by side, and SIGTERM ends one without an error', async () => {
  const [one, two] = await Promise.all([startHub(scope), startHub(scope)]);
  const client = await connectClient(scope, one.url);
  await client.publish('chat:x', { text: 'only here' });
  const other = await connectClient(scope, two.url);
  expect(await other.history('chat:x')).toMatchObject({ messages: [] });
  expect(await one.stop(60_000)).toEqual({ code: 0, signal: null });
  const again = await startHub(scope, { dataDir: one.dataDir });
  const reader = await connectClient(scope, again.url);
  expect(await reader.history('chat:x')).toMatchObject({ messages: [{ data: { text: 'only here' } }] });
});

const NEARLY_FULL = /the disk is nearly full/;
const NO_DISK = 'no small file system can be mounted here: the full disk is not tested';

test('a hub whose disk fills up refuses with storage_full, keeps what it has, tells it once, and goes on when there is space', async () => {
  const disk = await smallDisk(scope, 32);
  if (!disk) return console.warn(NO_DISK);
  const hub = await startHub(scope, { dataDir: join(disk.dir, 'data'), env: NO_LIMITS });
  const client = await connectClient(scope, hub.url);
  const data = 'x'.repeat(30_000);
  let newest = '';
  const publish = async () => {
    newest = (await client.publish('chat:full', data)).id;
  };
  const publishSome = () => Promise.allSettled(Array.from({ length: 20 }, publish));
  const refusal = await waitFor(async () => (await publishSome()).find((outcome) => outcome.status === 'rejected'), {
    what: 'a refusal',
  });
  expect(String(refusal.reason)).toContain('storage_full');
  await disk.stuff();
  for (let again = 0; again < 50; again++) await expect(publish()).rejects.toThrow('storage_full');
  expect((await client.history('chat:full', { limit: 1 })).messages[0]).toMatchObject({ id: newest });
  expect((await get(`${hub.url}/metrics`)).text).toMatch(/^roomcast_disk_low 1$/m);
  expect((await get(`${hub.url}/readyz`)).status).toBe(200);
  disk.grow(96);
  await waitFor(() => publish().then(() => true));
  expect((await get(`${hub.url}/metrics`)).text).toMatch(/^roomcast_disk_low 0$/m);
  await hub.printed(NEARLY_FULL);
  const output = hub.output();
  expect(output.split(NEARLY_FULL)).toHaveLength(2);
  expect(output).not.toMatch(/Write error|failed/);
});

test('a store is not begun on a disk that is full, which one clear line says', async () => {
  const disk = await smallDisk(scope, 32);
  if (!disk) return console.warn(NO_DISK);
  await disk.stuff(500_000);
  const { hub } = await spawnHub(scope, { dataDir: join(disk.dir, 'data') });
  expect(await hub.exited).toMatchObject({ code: 1 });
  expect(hub.output()).toMatch(/^roomcast: the disk of \S+ is full: no store can be begun on it$/m);
});
