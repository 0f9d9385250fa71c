import { request } from 'node:http';
import { expect, test } from '@jest/globals';
import type { JobState } from '../../shared/protocol.js';
import { get, send } from '../../test/support/http.js';
import { memoryRooms, startHttpApp } from '../../test/support/http-app.js';
import { testScope } from '../../test/support/scope.js';
import { waitFor } from '../../test/support/wait.js';

const scope = testScope();

async function waitingRoom() {
  const hub = await startHttpApp(scope);
  const url = `${hub.url}/api/rooms/chat:lobby/messages`;
  const { position } = (await send('POST', url, { data: { n: 1 } })).body;
  const waiting = (count: number) => waitFor(() => hub.streams.size === count, { what: `${count} waiting polls` });
  return { ...hub, messagesUrl: url, position, waiting };
}

test('[P78] a poll with nothing new is answered by the next message', async () => {
  const { messagesUrl, position, waiting } = await waitingRoom();
  const polled = get(`${messagesUrl}?after=${position}&wait=20`);
  await waiting(1);
  const next = (await send('POST', messagesUrl, { data: { n: 2 } })).body.position;
  expect((await polled).body).toMatchObject({
    messages: [{ data: { n: 2 }, position: next }],
    more: false,
    position: next,
    recovered: true,
  });
  await waiting(0);
});

test('[P78] a poll without after waits for what comes from now on', async () => {
  const { messagesUrl, waiting } = await waitingRoom();
  const polled = get(`${messagesUrl}?wait=20`);
  await waiting(1);
  await send('POST', messagesUrl, { data: { n: 2 } });
  expect((await polled).body.messages).toEqual([expect.objectContaining({ data: { n: 2 } })]);
});

test('[P78] a poll whose time is over is answered empty, at its position', async () => {
  const { messagesUrl, position } = await waitingRoom();
  const { status, body } = await get(`${messagesUrl}?after=${position}&wait=0.02`);
  expect([status, body]).toEqual([200, { messages: [], more: false, position, recovered: true }]);
});

test('[P78] what is there already is answered at once', async () => {
  const { messagesUrl, position } = await waitingRoom();
  await send('POST', messagesUrl, { data: { n: 2 } });
  await send('POST', messagesUrl, { data: { n: 3 } });
  const { body } = await get(`${messagesUrl}?after=${position}&wait=50&limit=1`);
  expect(body).toMatchObject({ messages: [{ data: { n: 2 } }], more: true });
});

test('a poll whose client leaves ends, and its room is given back', async () => {
  const { messagesUrl, position, waiting } = await waitingRoom();
  const asked = request(`${messagesUrl}?after=${position}&wait=50`).on('error', () => {});
  asked.end();
  await waiting(1);
  asked.destroy();
  await waiting(0);
});

test('[P84] a stopping hub answers its polls', async () => {
  const { messagesUrl, position, waiting, endStreams } = await waitingRoom();
  const polled = get(`${messagesUrl}?after=${position}&wait=50`);
  await waiting(1);
  endStreams();
  expect((await polled).body).toMatchObject({ messages: [], position });
});

test('[P73] a HEAD request does not wait', async () => {
  const { messagesUrl, position } = await waitingRoom();
  const answer = await fetch(`${messagesUrl}?after=${position}&wait=50`, { method: 'HEAD' });
  expect([answer.status, await answer.text()]).toEqual([200, '']);
});

const done: JobState = { jobId: 'j', name: 'add', state: 'done', revision: 3, createdAt: 1, endedAt: 3 };

async function pollsOfJob(jobs: { endOfJob(): Promise<JobState | undefined> } = { endOfJob: async () => undefined }) {
  const { rooms } = memoryRooms(scope, undefined, { ownsJob: async () => true, ...jobs });
  const hub = await startHttpApp(scope, { rooms });
  const tell = (state: Partial<JobState>) => rooms.system.publish('job:j', 'job', { ...done, ...state }, {});
  const poll = async (query: string) => (await get(`${hub.url}/api/rooms/job:j/messages?${query}`)).body;
  return { ...hub, tell, poll };
}

test('[P143] a poll of a job is told that its end is the last message, and does not wait behind it', async () => {
  const { tell, poll, streams } = await pollsOfJob();
  const { position } = await tell({ state: 'queued', revision: 1, endedAt: undefined });
  const polled = poll(`after=${position}&wait=50`);
  await waitFor(() => streams.size === 1);
  const end = (await tell({})).position;
  const told = { more: false, position: end, ended: true };
  expect(await polled).toMatchObject({ messages: [{ data: done }], ...told });
  expect(await poll(`after=${position}&wait=50`)).toMatchObject({ messages: [{ data: done }], ...told });
  expect(await poll(`after=${end}&wait=50`)).toMatchObject({ messages: [], ...told });
  expect(await poll('wait=50')).toMatchObject({ messages: [{ data: done }], ...told });
});

test('[P143] a job whose room has forgotten its end has it in the first page', async () => {
  const { poll } = await pollsOfJob({ endOfJob: async () => done });
  const { messages, position } = await poll('limit=10');
  expect(messages).toMatchObject([{ type: 'job', data: done }]);
  expect(await poll(`after=${position}&wait=50`)).toMatchObject({ messages: [], ended: true });
});
