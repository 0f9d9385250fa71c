import type { Socket as TcpSocket } from 'node:net';
import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { metricOf, openMemoryHub } from '../../test/support/memory-hub.js';
import { testScope } from '../../test/support/scope.js';
import { connectClient, countFrom } from '../../test/support/stock-client.js';
import { mintToken, SECRET } from '../../test/support/token.js';
import { waitFor } from '../../test/support/wait.js';

const scope = testScope();

test('[P42] rooms that are asked for at once are counted one by one', async () => {
  const hub = await openMemoryHub(scope, { roomsPerConnection: 5 });
  const client = await connectClient(scope, hub.url);
  const answers = await Promise.all(countFrom(1, 20).map((n) => client.ask('subscribe', { room: `chat:${n}` })));
  expect(answers.filter(({ ok }) => ok)).toHaveLength(5);
  expect(answers.at(-1)).toMatchObject({ ok: false, error: { code: 'too_many_rooms' } });
  expect(await metricOf(hub, 'roomcast_subscriptions')).toBe(5);
  // What was refused is not counted, what is left no more.
  await client.expectOk('unsubscribe', { room: 'chat:1' });
  await client.subscribe('chat:19');
  expect(await client.ask('subscribe', { room: 'chat:20' })).toMatchObject({ error: { code: 'too_many_rooms' } });
});

test.each(['chat:order', 'metrics:order'])(
  '[P31] [P40] subscribe and unsubscribe sent at once are carried out in that order: %s',
  async (room) => {
    const hub = await openMemoryHub(scope, { limits: false, tokenSecret: SECRET });
    const token = await mintToken({ admin: true }, { sub: 'ada' });
    for (const transports of [['polling'], ['websocket']]) {
      const client = await connectClient(scope, hub.url, { transports, auth: { token } });
      for (let round = 0; round < 20; round++) {
        const [first, second, third, last] = await Promise.all([
          client.ask('subscribe', { room }),
          client.ask('unsubscribe', { room }),
          client.ask('subscribe', { room }),
          client.ask('unsubscribe', { room }),
        ]);
        expect([first.ok, second.ok, third.ok, last.ok]).toEqual([true, true, true, true]);
      }
      const groups = [...(hub.io.sockets.adapter.sids.get(client.socket.id!) ?? [])];
      expect(groups.filter((group) => group.includes(room))).toEqual([]);
    }
    expect(await metricOf(hub, 'roomcast_rooms')).toBe(0);
  },
);

test('[P12] a refused subscription leaves the one before as it was', async () => {
  const hub = await openMemoryHub(scope);
  const client = await connectClient(scope, hub.url);
  await client.subscribe('chat:kept');
  expect(await client.ask('subscribe', { room: 'chat:kept', since: 'nonsense' })).toMatchObject({ error: { code: 'invalid' } });
  const { id } = await client.publish('chat:kept', { text: 'still here' });
  await client.hears(id);
  expect((await client.expectOk<{ count: number }>('presence', { room: 'chat:kept' })).count).toBe(1);
});

test('[P35] [P39] a room that is subscribed to again and again while it speaks has no hole and nothing twice after an acknowledgement', async () => {
  const hub = await openMemoryHub(scope, { limits: false });
  const client = await connectClient(scope, hub.url);
  const room = 'chat:busy';
  // What was heard since the newest acknowledgement follows on its position.
  let heard: number[] = [];
  let begun = false;
  client.socket.on('message', ({ position }) => heard.push(Number(position.split(':')[1])));
  const published = (async () => {
    for (let n = 0; n < 400; n++) await hub.publish(room, { n });
  })();
  for (let round = 0; round < 60; round++) {
    await new Promise<void>((resolve, reject) => {
      client.socket.emit('subscribe', { room }, (answer) => {
        if (!answer.ok) return reject(new Error(answer.error.code));
        if (begun && heard.length > 0) expect(heard).toEqual(countFrom(heard[0]!, heard.length));
        const at = Number(answer.position.split(':')[1]);
        heard = [at];
        begun = true;
        resolve();
      });
    });
  }
  await published;
  await waitFor(() => heard.at(-1) === 400, { what: 'the last message' });
  expect(heard).toEqual(countFrom(heard[0]!, heard.length));
});

test('[P48] a client that goes away in the middle of subscribing leaves nothing behind', async () => {
  const hub = await openMemoryHub(scope, { presenceGraceMs: 0, limits: false });
  for (let round = 0; round < 10; round++) {
    const client = await connectClient(scope, hub.url);
    for (const n of countFrom(1, 40))
      client.socket.emit('subscribe', { room: n % 2 ? `chat:gone-${n}` : `metrics:gone-${n}` }, () => undefined);
    if (round % 2 === 0) client.socket.emit('presence', { room: 'chat:gone-1' }, () => client.socket.disconnect());
    else client.socket.io.engine.close();
    await waitFor(() => client.socket.disconnected || client.socket.io._reconnecting);
    client.socket.disconnect();
  }
  await waitFor(() => hub.io.sockets.sockets.size === 0, { what: 'all connections to be gone' });
  await waitFor(async () => (await metricOf(hub, 'roomcast_rooms')) === 0, { what: 'no room to be in use' });
  expect(await metricOf(hub, 'roomcast_subscriptions')).toBe(0);
  expect([...hub.io.sockets.adapter.rooms.keys()]).toEqual([]);
  const seen = await connectClient(scope, hub.url);
  expect(await seen.expectOk('presence', { room: 'chat:gone-1' })).toMatchObject({ count: 0 });
});

test('[P11] a subscription that is under way when a lesser token comes ends or is refused', async () => {
  const hub = await openMemoryHub(scope, { tokenSecret: SECRET, chatRead: 'ticket', limits: false });
  const much = await mintToken({ rooms: { read: ['chat:*'] } }, { sub: 'ada' });
  const little = await mintToken({ rooms: { read: ['chat:mine'] } }, { sub: 'ada' });
  const client = await connectClient(scope, hub.url, { auth: { token: much } });
  await Promise.all([
    ...countFrom(1, 30).map((n) => client.ask('subscribe', { room: `chat:secret-${n}` })),
    client.expectOk('auth:refresh', { token: little }),
    ...countFrom(31, 30).map((n) => client.ask('subscribe', { room: `chat:secret-${n}` })),
    client.ask('subscribe', { room: 'chat:mine' }),
  ]);
  expect(await metricOf(hub, 'roomcast_subscriptions')).toBe(1);
  await hub.publish('chat:secret-1', { text: 'not for ada' });
  await hub.publish('chat:mine', { text: 'for ada' }, { id: 'barrier' });
  await client.hears('barrier');
  expect(client.messages.map(({ room }) => room)).toEqual(['chat:mine']);
});

test('[P62] a job that ends while its reader does not keep up is told to the end, and then left', async () => {
  const hub = await openMemoryHub(scope, { tokenSecret: SECRET, limits: false, unsentBytes: 16_384 });
  const admin = await connectClient(scope, hub.url, { auth: { token: await mintToken({ admin: true }, { sub: 'ada' }) } });
  await hub.publish('job:slow', { jobId: 'slow', name: 'n', createdAt: 1, revision: 0, state: 'queued' }, { type: 'job' });
  await admin.subscribe('job:slow');
  const tcp = (admin.socket.io.engine as unknown as { transport: { ws: { _socket: TcpSocket } } }).transport.ws._socket;
  tcp.pause();
  const progress = { done: 0.5, note: 'x'.repeat(50_000) };
  const job = { jobId: 'slow', name: 'n', createdAt: 1, progress };
  for (let n = 1; n <= 300; n++) await hub.publish('job:slow', { ...job, revision: n, state: 'active' }, { type: 'job' });
  await waitFor(async () => (await metricOf(hub, 'roomcast_slow_consumers')) === 1, { what: 'the reader to be held' });
  await hub.publish('job:slow', { ...job, revision: 301, state: 'done' }, { type: 'job' });
  tcp.resume();
  await waitFor(() => admin.jobs.length === 301, { what: 'the end of the job' });
  expect(admin.jobs.map(({ revision }) => revision)).toEqual(countFrom(1, 301));
  await waitFor(async () => (await metricOf(hub, 'roomcast_subscriptions')) === 0);
  const { messages } = await admin.subscribe('job:slow', { last: 1 });
  expect(messages).toMatchObject([{ data: { state: 'done' } }]);
  await waitFor(async () => (await metricOf(hub, 'roomcast_subscriptions')) === 0, { what: 'the ended job to be left' });
});

test('[P110] a job that failed and was run again is followed to its new end, and then left', async () => {
  const hub = await openMemoryHub(scope, { tokenSecret: SECRET, limits: false });
  const admin = await connectClient(scope, hub.url, { auth: { token: await mintToken({ admin: true }, { sub: 'ada' }) } });
  const say = (revision: number, state: string) =>
    hub.publish('job:again', { jobId: 'again', name: 'n', createdAt: 1, revision, state }, { type: 'job' });
  await say(1, 'failed');
  await say(2, 'queued');
  const { messages } = await admin.subscribe('job:again', { last: 5 });
  expect(messages).toMatchObject([{ data: { state: 'failed' } }, { data: { state: 'queued' } }]);
  await say(3, 'done');
  await waitFor(() => admin.jobs.length === 1, { what: 'the new end' });
  expect(admin.jobs).toMatchObject([{ revision: 3, state: 'done' }]);
  await waitFor(async () => (await metricOf(hub, 'roomcast_subscriptions')) === 0, { what: 'the ended job to be left' });
});

/** A hub with two failed jobs, and what tells their states. */
async function failedJobs(options: { roomsPerConnection?: number } = {}) {
  const hub = await openMemoryHub(scope, { tokenSecret: SECRET, ...options });
  const say = (jobId: string, revision: number, state: string) =>
    hub.publish(`job:${jobId}`, { jobId, name: 'n', createdAt: 1, revision, state }, { type: 'job' });
  for (const jobId of ['one', 'two']) await say(jobId, 1, 'failed');
  const client = await connectClient(scope, hub.url, { auth: { token: await mintToken({ admin: true }, { sub: 'ada' }) } });
  return { hub, say, client };
}

test('[P138] who subscribes to a job hears of it again when it is run again after its failure, heard before or not', async () => {
  const { hub, say, client } = await failedJobs();
  const { messages } = await client.subscribe('job:one', { last: 1 });
  expect(messages).toMatchObject([{ data: { state: 'failed' } }]);
  await say('three', 0, 'queued');
  await client.subscribe('job:three');
  await say('three', 1, 'failed');
  for (const jobId of ['one', 'three']) {
    await say(jobId, 2, 'queued');
    await say(jobId, 3, 'failed');
    await say(jobId, 4, 'done');
  }
  await waitFor(() => client.jobs.filter(({ state }) => state === 'done').length === 2, { what: 'both ends' });
  const heard = (jobId: string) => client.jobs.flatMap((job) => (job.jobId === jobId ? [job.state] : []));
  expect([heard('one'), heard('three')]).toEqual([
    ['queued', 'failed', 'done'],
    ['failed', 'queued', 'failed', 'done'],
  ]);
  await waitFor(async () => (await metricOf(hub, 'roomcast_subscriptions')) === 0, { what: 'the ended jobs to be left' });
});

test('[P138] who comes to a job that has ended already is told so once, and left', async () => {
  const { hub, say, client } = await failedJobs({ roomsPerConnection: 1 });
  await say('one', 2, 'queued');
  await say('one', 3, 'done');
  const { messages, position } = await client.subscribe('job:one');
  expect(messages).toEqual([]);
  await waitFor(() => client.jobs.length === 1, { what: 'the end' });
  expect(client.jobs).toMatchObject([{ jobId: 'one', revision: 3, state: 'done' }]);
  await waitFor(async () => (await metricOf(hub, 'roomcast_subscriptions')) === 0, { what: 'the ended job to be left' });

  const end = (client.jobs[0] as unknown as { position: string }).position;
  expect(end).not.toBe(position);
  expect(await client.subscribe('job:one', { since: end })).toMatchObject({ recovered: true, messages: [] });
  await waitFor(async () => (await metricOf(hub, 'roomcast_subscriptions')) === 0, { what: 'the job to be left again' });

  await client.subscribe('job:two');
  await waitFor(() => client.jobs.some(({ jobId }) => jobId === 'two'), { what: 'the failure' });
  expect(client.jobs.map(({ jobId, state }) => `${jobId} ${state}`)).toEqual(['one done', 'two failed']);
  expect(await metricOf(hub, 'roomcast_subscriptions')).toBe(1);
});

test('[P138] a connection follows as many failed jobs as it may have rooms: the one that failed last, not one that runs again', async () => {
  const { hub, say, client } = await failedJobs({ roomsPerConnection: 1 });
  const left = async (room: string) => !(await client.ask('unsubscribe', { room })).ok;
  await client.subscribe('job:one', { last: 1 });
  await client.subscribe('chat:lobby');
  await client.subscribe('job:two', { last: 1 });
  await waitFor(async () => (await metricOf(hub, 'roomcast_subscriptions')) === 2, { what: 'the first job to be left' });
  expect([await left('job:one'), await left('job:two')]).toEqual([true, false]);

  await client.subscribe('job:one', { last: 1 });
  await say('one', 2, 'active');
  await client.subscribe('job:two', { last: 1 });
  await say('one', 3, 'failed');
  await waitFor(() => client.jobs.some(({ jobId, revision }) => jobId === 'one' && revision === 3), { what: 'its second failure' });
  await waitFor(async () => (await metricOf(hub, 'roomcast_subscriptions')) === 2, { what: 'the second job to be left' });
  expect([await left('job:one'), await left('job:two')]).toEqual([false, true]);
});

test('[P138] a submitter that did not subscribe is left with the failure', async () => {
  const hub = await openMemoryHub(scope, {});
  let fail = () => {};
  hub.job('fails', { input: z.unknown(), run: () => new Promise((_, reject) => (fail = () => reject(new Error('no')))) });
  const client = await connectClient(scope, hub.url);
  await client.expectOk('job:submit', { name: 'fails', input: 1 });
  await waitFor(async () => (await metricOf(hub, 'roomcast_subscriptions')) === 1, { what: 'the job to be followed' });
  fail();
  await waitFor(() => client.jobs.some(({ state }) => state === 'failed'), { what: 'the failure' });
  await waitFor(async () => (await metricOf(hub, 'roomcast_subscriptions')) === 0, { what: 'the job to be left' });
});
