import { expect, test } from '@jest/globals';
import { type Child, startChild } from '../server/cli/child.js';
import { ROOT, storageDir } from './support/files.js';
import { startHub } from './support/hub-process.js';
import { testScope } from './support/scope.js';
import { connectClient } from './support/stock-client.js';

const scope = testScope();
const ROOM = 'chat:kept';

/** Publishes the numbers from where the one before it ended, and says which of them are kept. */
const PUBLISHER = `
  import { connect } from '${ROOT}dist/client/sdk/roomcast.js';
  import { openFileOutboxStore } from '${ROOT}dist/client/sdk/node/roomcast-node.js';

  const [, url, dir, from, to] = process.argv;
  const outbox = await openFileOutboxStore(dir);
  const waiting = await outbox.load();
  console.log('found', waiting.length);
  const hub = connect(url, { guestKey: 'publisher0123456789', outbox, outboxMessages: 1_000_000, publishesPerSecond: 0 });
  const room = hub.room('${ROOM}', { last: 0 });
  await room.ready;
  const all = [];
  for (let n = Math.max(Number(from), ...waiting.map(({ data }) => data.n + 1)); n < Number(to); n++) {
    const publication = room.publish({ n }, { id: 'm-' + n });
    all.push(publication.done);
    if (n % 10 === 9) await publication.kept;
    publication.kept.then(() => console.log('kept', n));
  }
  await Promise.all(all);
  await hub.close();
  console.log('all stored');
`;

async function startPublisher(...args: readonly (string | number)[]): Promise<Child> {
  const child = await startChild('publisher', process.execPath, ['--input-type=module', '--eval', PUBLISHER, ...args.map(String)]);
  return scope.defer(child, (started) => started.stop());
}

const keptBy = (child: Child) => Math.max(-1, ...[...child.output().matchAll(/^kept (\d+)$/gm)].map(([, n]) => Number(n)));

test('a publisher that is killed in the middle, with the hub there and away, has each message in the room once, in order', async () => {
  const dir = await storageDir(scope);
  let hub = await startHub(scope, { env: { ROOMCAST_LIMITS: 'off' } });
  const again = async () => {
    hub = await startHub(scope, { env: { ROOMCAST_LIMITS: 'off' }, port: hub.port, dataDir: hub.dataDir });
  };
  const endless = 1_000_000;

  const first = await startPublisher(hub.url, dir, 0, endless);
  await first.printed(/^kept 200$/m);
  first.signal('SIGKILL');
  await first.exited;

  const second = await startPublisher(hub.url, dir, keptBy(first) + 1, endless);
  await second.printed(new RegExp(`^kept ${keptBy(first) + 200}$`, 'm'));
  hub.signal('SIGKILL');
  await hub.exited;
  const sofar = keptBy(second);
  await second.printed(new RegExp(`^kept ${sofar + 100}$`, 'm'));
  second.signal('SIGKILL');
  await second.exited;
  await again();

  const last = keptBy(second) + 300;
  const third = await startPublisher(hub.url, dir, keptBy(second) + 1, last);
  await third.printed(/^found [1-9]/m);
  await third.printed(/^all stored$/m);
  const reader = await connectClient(scope, hub.url);
  const numbers: number[] = [];
  for (let after = `${(await reader.subscribe(ROOM)).position.split(':')[0]}:0`; ; ) {
    const { messages } = await reader.history(ROOM, { after, limit: 500 });
    numbers.push(...messages.map(({ data }) => (data as { n: number }).n));
    if (messages.length === 0) break;
    after = messages.at(-1)!.position;
  }
  expect(numbers).toEqual(Array.from({ length: last }, (_, n) => n));
});

test('a second process on the same outbox is refused with an error that names the directory', async () => {
  const dir = await storageDir(scope);
  const hub = await startHub(scope, { env: { ROOMCAST_LIMITS: 'off' } });
  const first = await startPublisher(hub.url, dir, 0, 1_000_000);
  await first.printed(/^kept 1$/m);
  const second = await startPublisher(hub.url, dir, 0, 1);
  expect(await second.exited).toMatchObject({ code: 1 });
  expect(second.output()).toContain(`Error: the outbox in ${dir} is in use by another process or client`);
});

test('[P95] the welcome tells the id window and the clock of the hub', async () => {
  const hub = await startHub(scope, { env: { ROOMCAST_ID_WINDOW_MS: '7000' } });
  const before = Date.now();
  const { welcome } = await connectClient(scope, hub.url);
  expect(welcome.idWindowMs).toBe(7_000);
  expect(welcome.time).toBeGreaterThanOrEqual(before);
});
