import { afterEach, expect, test } from '@jest/globals';
import { compressSync } from 'snappy';
import { HubError } from '../../../shared/errors.js';
import { answerOf, closeIngestHubs, type GivenIngest, ingestHub, sender } from '../../../test/support/ingest-hub.js';
import {
  packedRequest,
  REMOTE_WRITE_HEADERS,
  type WrittenSeries,
  type WrittenStale,
  writeRequest,
} from '../../../test/support/remote-write.js';
import { parseRoomRule, SenderRooms } from '../sender-rooms.js';

afterEach(closeIngestHubs);

const T = Math.floor(Date.now() / 1_000) * 1_000;
const up = (labels: Record<string, string>, value = 1, t = T): WrittenSeries => ({
  labels: { __name__: 'up', ...labels },
  samples: [[value, t]],
});

async function hub(given: GivenIngest = {}) {
  const opened = await ingestHub(given);
  const send = (body: Uint8Array, headers: Record<string, string> = {}) =>
    opened.post('/api/v1/write', body, { ...REMOTE_WRITE_HEADERS, ...headers });
  const write = (...all: (WrittenSeries | WrittenStale)[]) => send(packedRequest(all));
  const inRoom = async (room: string) => {
    await opened.samples.flush();
    return [...(opened.values.get(room) ?? [])].map(([series, { value, t }]) => [series, value, t]);
  };
  return { ...opened, send, write, inRoom };
}

test('samples go to the room of their job, under the names that Prometheus gives them', async () => {
  const { write, inRoom, counts } = await hub();
  const answer = await write(
    {
      labels: { __name__: 'node_load1', instance: 'é:9100', job: 'node' },
      samples: [
        [0.5, T - 1_000],
        [0, T],
      ],
    },
    up({ job: 'api' }),
    up({ instance: 'x' }),
    { ...up({ job: 'api', instance: 'y' }), extras: true },
  );
  expect([answer.status, answer.text]).toEqual([204, '']);
  expect(await inRoom('metrics:node')).toEqual([['node_load1{instance="é:9100",job="node"}', 0, T]]);
  expect(await inRoom('metrics:api')).toEqual([
    ['up{job="api"}', 1, T],
    ['up{instance="y",job="api"}', 1, T],
  ]);
  expect(await inRoom('metrics:unknown')).toEqual([['up{instance="x"}', 1, T]]);
  expect(counts).toEqual({ 'samples accepted': 5, 'samples histogram': 1 });
});

test('a rule says otherwise', async () => {
  const rooms = new SenderRooms([parseRoomRule('__name__=node_*->metrics:hosts')!]);
  const { write, inRoom } = await hub({ service: { rooms } });
  await write(up({ job: 'node' }), { ...up({}), labels: { __name__: 'node_load1', job: 'node' } });
  expect(await inRoom('metrics:hosts')).toEqual([['node_load1{job="node"}', 1, T]]);
  expect(await inRoom('metrics:node')).toEqual([['up{job="node"}', 1, T]]);
});

test('label sets that come again are the same series, and others with the same beginning are not', async () => {
  const { write, inRoom } = await hub();
  for (const value of [1, 2])
    await write(up({ job: 'j', a: 'x' }, value), up({ job: 'j', a: 'y' }, value + 10), up({ job: 'j', a: 'xy' }, value + 20));
  expect(await inRoom('metrics:j')).toEqual([
    ['up{a="x",job="j"}', 2, T],
    ['up{a="y",job="j"}', 12, T],
    ['up{a="xy",job="j"}', 22, T],
  ]);
});

test('a series that ended is no value, and another may take its place', async () => {
  const { write, inRoom, counts } = await hub();
  const many = Array.from({ length: 100 }, (_, i) => up({ job: 'j', i: String(i) }));
  expect((await write(...many)).status).toBe(204);
  expect((await write(up({ job: 'j', i: 'new' }))).status).toBe(400);
  expect((await write({ labels: { __name__: 'up', job: 'j', i: '5' }, stale: T })).status).toBe(204);
  expect((await write(up({ job: 'j', i: 'new' }))).status).toBe(204);
  expect(await inRoom('metrics:j')).toHaveLength(101);
  expect(counts).toEqual({ 'samples accepted': 101, 'samples too_large': 1, 'samples stale': 1 });
});

test('what Prometheus may send and a room cannot hold is left out and counted: the rest is taken', async () => {
  const { write, inRoom, counts } = await hub();
  const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5];
  expect((await write(...values.map((value, i) => up({ job: 'j', i: String(i) }, value)))).status).toBe(204);
  expect(await inRoom('metrics:j')).toEqual([['up{i="3",job="j"}', 5, T]]);
  expect(counts).toEqual({ 'samples accepted': 1, 'samples not_finite': 3 });
});

test('what is wrong is answered with 400 and named, so that it is not sent again; the good part is taken', async () => {
  const { write, inRoom } = await hub();
  const answer = await write(
    up({ job: 'j' }),
    up({ job: 'j', at: 'past' }, 1, 12),
    up({ job: 'j', long: 'x'.repeat(2_000) }),
    up({ job: 'j', long: 'x'.repeat(20_000) }),
  );
  expect(answer.status).toBe(400);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
  expect(answer.text).toMatch(
    /^1 samples were taken, 3 refused: series 4: the labels .*; series 2: up\{at="past",job="j"\}: the time 12 .*; series 3: up/,
  );
  expect(await inRoom('metrics:j')).toEqual([['up{job="j"}', 1, T]]);
  for (const labels of [{ job: 'j' }, { __name__: '' }, { __name__: 'up', '': 'x' }, {}] as Record<string, string>[]) {
    expect((await write({ labels, samples: [[1, T]] })).text).toMatch(/^1 refused: series 1: .*(__name__|without a name)/);
  }
  for (const t of [-1e15, 0, 9e15, T + 3_600_000])
    expect((await write(up({ job: 'j' }, 1, t))).text).toMatch(/the time -?\d+ is too far from now/);
});

test('a request that is cut off or no such message is refused, and nothing of it taken', async () => {
  const { send, counts, faults } = await hub();
  const whole = writeRequest([up({ job: 'j' }), up({ job: 'k' })]);
  for (const length of [whole.length - 1, 30, 5])
    expect(await send(compressSync(whole.subarray(0, length)))).toMatchObject({ status: 400 });
  expect(await send(compressSync(whole).subarray(0, -3))).toMatchObject({
    status: 400,
    text: 'the body is no snappy block',
  });
  expect(await send(Buffer.from('up 1'))).toMatchObject({ status: 400 });
  // A tag in more bytes than it takes, in front of a label.
  expect(await send(compressSync(Buffer.from([0x0a, 0x05, 0x8a, 0x00, 0x01, 0x0a, 0x00])))).toMatchObject({ status: 400 });
  expect([counts, faults]).toEqual([{}, []]);
});

test('bombs and whatever is too much are refused before they take memory', async () => {
  const { send, write } = await hub({ routes: { bodyLimitBytes: 5_000_000 } });
  expect(await send(compressSync(Buffer.alloc(100_000_000)))).toMatchObject({
    status: 413,
    text: 'a body has at most 5000000 bytes, unpacked',
  });
  expect(await write(up({ job: 'j', long: 'x'.repeat(4_000_000) }))).toMatchObject({ status: 400 });
  expect(await write({ labels: { __name__: 'up' }, samples: Array.from({ length: 60_000 }, () => [1, T] as const) })).toMatchObject({
    status: 413,
  });
  expect(await send(compressSync(Buffer.from(Uint8Array.from({ length: 200_000 }, (_, i) => (i % 2 ? 0 : 0x0a)))))).toMatchObject({
    status: 413,
    text: 'a request has at most 50000 series and as many samples',
  });
});

test('series without end keep to the limit of their sender, and all above it are counted', async () => {
  const { write, counts } = await hub();
  let at = 0;
  for (let request = 0; request < 4; request++) {
    await write(...Array.from({ length: 5_000 }, () => up({ job: 'j', i: String(at++) })));
  }
  expect(counts).toEqual({ 'samples accepted': 100, 'samples too_large': 19_900 });
});

test('another version, message or packing is refused as such', async () => {
  const { send } = await hub();
  const body = packedRequest([up({ job: 'j' })]);
  const status = async (headers: Record<string, string>) => (await send(body, headers)).status;
  expect(await status({ 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request' })).toBe(415);
  expect(await status({ 'content-type': 'application/x-protobuf;proto=prometheus.WriteRequest' })).toBe(204);
  expect(await status({ 'content-type': 'application/json' })).toBe(415);
  expect(await status({ 'content-encoding': 'gzip' })).toBe(415);
});

test('who may not, or must wait, is told so', async () => {
  const { write } = await hub({ principal: sender(['metrics:j']) });
  expect(await write(up({ job: 'k' }))).toMatchObject({ status: 403, text: 'the token does not allow to ingest into metrics:k' });
  const intake = () => {
    throw new HubError('busy', 'samples of the room wait for the store', 2_500);
  };
  const waiting = await hub({ service: { samples: { intake } } });
  const answer = await waiting.write(up({ job: 'j' }));
  expect(answer).toMatchObject({ status: 503, text: 'samples of the room wait for the store' });
  expect(answer.headers.get('retry-after')).toBe('3');
});

test('a sender that goes away in the middle leaves nothing', async () => {
  const { open, write, counts, faults } = await hub();
  const broken = open('/api/v1/write', { ...REMOTE_WRITE_HEADERS, 'content-length': '1000' });
  broken.write(packedRequest([up({ job: 'j' })]).subarray(0, 10));
  broken.destroy();
  await expect(answerOf(broken)).rejects.toThrow();
  expect((await write(up({ job: 'j' }))).status).toBe(204);
  expect([counts, faults]).toEqual([{ 'samples accepted': 1 }, []]);
});
