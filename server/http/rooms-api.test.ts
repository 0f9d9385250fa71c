import { expect, test } from '@jest/globals';
import { HubError } from '../../shared/errors.js';
import { get, send } from '../../test/support/http.js';
import { startHttpApp } from '../../test/support/http-app.js';
import { testScope } from '../../test/support/scope.js';

const scope = testScope();

async function roomWith(count: number, room = 'chat:lobby') {
  const hub = await startHttpApp(scope);
  const url = `${hub.url}/api/rooms/${room}/messages`;
  const positions: string[] = [];
  for (let n = 1; n <= count; n++) positions.push((await send('POST', url, { data: { n } })).body.position);
  return { ...hub, messagesUrl: url, positions };
}

const numbers = (answer: { body: { messages: { data: { n: number } }[] } }) => answer.body.messages.map(({ data }) => data.n);

test('[P75] a publication is answered 201 with its position, a repetition 200 with the first one', async () => {
  const { messagesUrl } = await roomWith(0);
  const first = await send('POST', messagesUrl, { data: { text: 'a' }, type: 'note' }, { 'idempotency-key': '"key-1"' });
  const second = await send('POST', messagesUrl, { data: { text: 'a' }, id: 'key-1' });
  expect(first).toMatchObject({ status: 201, body: { room: 'chat:lobby', id: 'key-1', position: expect.stringMatching(/:1$/) } });
  expect(second).toMatchObject({ status: 200, body: { position: first.body.position, repeated: true } });
  const page = await get(messagesUrl);
  expect(page.body.messages).toEqual([
    expect.objectContaining({ id: 'key-1', type: 'note', from: { id: 'alice', name: 'Alice' }, data: { text: 'a' } }),
  ]);
});

test('[P75] without an id each publication is one of its own', async () => {
  const { messagesUrl } = await roomWith(2);
  expect((await get(messagesUrl)).body.messages).toHaveLength(2);
});

test('[P76] pages of history run both ways, and their position is the next after', async () => {
  const { messagesUrl, positions } = await roomWith(7);
  const newest = await get(`${messagesUrl}?limit=3`);
  expect(numbers(newest)).toEqual([5, 6, 7]);
  expect(newest.body).toMatchObject({ more: true, position: positions[6] });
  expect(newest.body).not.toHaveProperty('recovered');
  const older = await get(`${messagesUrl}?limit=3&before=${positions[4]}`);
  expect([numbers(older), older.body.more]).toEqual([[2, 3, 4], true]);
  const between = await get(`${messagesUrl}?before=${positions[4]}&after=${positions[1]}`);
  expect([numbers(between), between.body.more]).toEqual([[3, 4], false]);
});

test('[P77] after a position: what follows it, page by page, and nothing at the end', async () => {
  const { messagesUrl, positions } = await roomWith(5);
  const seen: number[] = [];
  let position = positions[0]!;
  for (let more = true; more; ) {
    const page = await get(`${messagesUrl}?after=${position}&limit=2`);
    expect(page.body.recovered).toBe(true);
    seen.push(...numbers(page));
    ({ more, position } = page.body);
  }
  expect(seen).toEqual([2, 3, 4, 5]);
  expect(position).toBe(positions[4]);
  expect((await get(`${messagesUrl}?after=${position}`)).body).toEqual({ messages: [], more: false, position, recovered: true });
});

test('[P77] a position that cannot be continued from is told, with the newest messages', async () => {
  const { messagesUrl, positions } = await roomWith(5);
  const page = await get(`${messagesUrl}?after=elsewhere:2&limit=2&wait=20`);
  expect(numbers(page)).toEqual([4, 5]);
  expect(page.body).toMatchObject({ recovered: false, position: positions[4] });
});

test('[P77] [P78] also an empty room tells it at once, without a wait', async () => {
  const { messagesUrl } = await roomWith(0);
  const { body } = await get(`${messagesUrl}?after=elsewhere:2&wait=55`);
  expect(body).toEqual({ messages: [], more: false, position: expect.stringMatching(/:0$/), recovered: false });
});

test('[P3] [P76] an empty room has a position to go on from', async () => {
  const { messagesUrl } = await roomWith(0);
  const { body } = await get(messagesUrl);
  expect(body).toEqual({ messages: [], more: false, position: expect.stringMatching(/^[a-z0-9]+:0$/) });
  await send('POST', messagesUrl, { data: { n: 1 } });
  expect(numbers(await get(`${messagesUrl}?after=${body.position}`))).toEqual([1]);
});

test('[P79] binary is base64 in JSON, wherever it stands', async () => {
  const { rooms, messagesUrl } = await roomWith(0);
  await rooms.system.publish('chat:lobby', 'image', { list: [{ bytes: Buffer.from([0, 1, 255]) }], view: new Uint8Array([7]) });
  const { body } = await get(messagesUrl);
  expect(body.messages[0].data).toEqual({ list: [{ bytes: { $base64: 'AAH/' } }], view: { $base64: 'Bw==' } });
});

test('[P85] a page that did not change is not sent again, and a closed page is kept', async () => {
  const { messagesUrl, positions } = await roomWith(4);
  const newest = await get(messagesUrl);
  expect(newest.headers.get('cache-control')).toBe('private, no-cache');
  expect(newest.headers.get('vary')).toContain('Authorization');
  // Without a Cache-Control of its own, fetch asks for the whole again.
  const known = { 'if-none-match': newest.headers.get('etag')!, 'cache-control': 'max-age=0' };
  expect((await get(messagesUrl, known)).status).toBe(304);
  await send('POST', messagesUrl, { data: { n: 5 } });
  expect((await get(messagesUrl, known)).status).toBe(200);
  const closed = await get(`${messagesUrl}?before=${positions[3]}&limit=2`);
  expect(closed.headers.get('cache-control')).toBe('private, max-age=60');
});

test('[P70] a room with slashes and letters of any script stands encoded in one segment', async () => {
  const { url } = await roomWith(0);
  const path = `${url}/api/rooms/${encodeURIComponent('chat:team/größe')}`;
  expect((await send('POST', `${path}/messages`, { data: 1 })).body.room).toBe('chat:team/größe');
  expect((await get(`${url}/api/rooms?prefix=chat:team`)).body.rooms).toEqual([
    { room: 'chat:team/größe', last: 1, time: expect.any(Number) },
  ]);
  expect((await get(`${path}/presence`)).body).toEqual({ room: 'chat:team/größe', count: 1, users: [{ id: 'alice', name: 'Alice' }] });
});

test('[P1] [P2] [P4] [P15] [P16] bad requests get the code of the fault', async () => {
  const { url } = await roomWith(0);
  const room = `${url}/api/rooms/chat:lobby`;
  const refusals = [
    [await get(`${url}/api/rooms/nothing:x/messages`), 400, 'unknown_kind'],
    [await get(`${url}/api/rooms/lobby/messages`), 400, 'invalid'],
    [await get(`${url}/api/rooms/job:1/messages`), 404, 'unknown_job'],
    [await send('POST', `${url}/api/rooms/job:1/messages`, { data: 1 }), 403, 'forbidden'],
    [await get(`${url}/api/rooms/user:bob/messages`), 403, 'forbidden'],
    [await get(`${url}/api/rooms?limit=0`), 400, 'invalid'],
    [await get(`${room}/messages?limit=501`), 400, 'invalid'],
    [await get(`${room}/messages?limit=-1`), 400, 'invalid'],
    [await get(`${room}/messages?limit=1&limit=2`), 400, 'invalid'],
    [await get(`${room}/messages?after=x`), 400, 'invalid'],
    [await get(`${room}/messages?wait=56`), 400, 'invalid'],
    [await get(`${room}/messages?wait=1e1`), 400, 'invalid'],
    [await get(`${room}/messages?before=a:1&wait=1`), 400, 'invalid'],
    [await send('POST', `${url}/api/rooms/metrics:x/messages`, { data: 1 }), 403, 'forbidden'],
    [await send('POST', `${room}/messages`, {}), 400, 'invalid'],
    [await send('POST', `${room}/messages`, { data: 1, more: 1 }), 400, 'invalid'],
    [await send('POST', `${room}/messages`, { data: 1, type: 'Upper' }), 400, 'invalid'],
    [await send('POST', `${room}/messages`, { data: 1, id: 'a' }, { 'idempotency-key': 'b' }), 400, 'invalid'],
    [await send('POST', `${room}/messages`, { data: 1 }, { 'idempotency-key': 'x'.repeat(65) }), 400, 'invalid'],
    [await send('POST', `${room}/messages`, { data: 'x'.repeat(6_000) }), 413, 'too_large'],
    [await get(`${url}/api/rooms/job:1/presence`), 404, 'unknown_job'],
  ] as const;
  for (const [answer, status, code] of refusals) {
    expect([answer.status, answer.body.error]).toEqual([
      status,
      expect.objectContaining({ code, retry: 'never', message: expect.any(String) }),
    ]);
  }
});

test('[P16] a body is checked before anything is done with it', async () => {
  const hub = await startHttpApp(scope, {
    checkPayload: (value) => {
      if (JSON.stringify(value).includes('deep')) throw new HubError('too_deep');
    },
  });
  const url = `${hub.url}/api/rooms/chat:x/messages`;
  expect((await send('POST', url, { data: 'deep' })).body.error.code).toBe('too_deep');
  expect((await get(url)).body.messages).toEqual([]);
});

test('[P17] who asks too often is told when to come back', async () => {
  const taken: unknown[] = [];
  const hub = await startHttpApp(scope, {
    take: (what, who) => {
      taken.push([what, who]);
      if (what === 'publish') throw new HubError('rate_limited', undefined, 2_500);
    },
  });
  const answer = await send('POST', `${hub.url}/api/rooms/chat:x/messages`, { data: 1 });
  expect([answer.status, answer.headers.get('retry-after'), answer.body.error.retryAfterMs]).toEqual([429, '3', 2_500]);
  expect((await get(`${hub.url}/api/rooms`)).status).toBe(200);
  const who = { address: '127.0.0.1', userId: 'alice' };
  expect(taken).toEqual([
    ['publish', who],
    ['event', who],
  ]);
});
