import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from '@jest/globals';
import { PbfReader } from 'pbf';
import { closeIngestHubs, type GivenIngest, ingestHub, sender } from '../../../test/support/ingest-hub.js';
import { ManualClock } from '../../../test/support/manual-clock.js';
import {
  attributes,
  type GivenResource,
  type Json,
  logsProtobuf,
  logsRequest,
  metricsProtobuf,
  metricsRequest,
  nanoseconds,
} from '../../../test/support/otlp.js';
import { parseRoomRule, SenderRooms } from '../sender-rooms.js';

afterEach(closeIngestHubs);

const T = Math.floor(Date.now() / 1_000) * 1_000;
const timeUnixNano = nanoseconds(T);
const JSON_TYPE = { 'content-type': 'application/json' };
const PROTOBUF_TYPE = { 'content-type': 'application/x-protobuf' };

async function otlpHub(given: GivenIngest = {}) {
  const hub = await ingestHub(given);
  const metrics = (list: Json[], resource?: GivenResource) =>
    hub.post('/v1/metrics', JSON.stringify(metricsRequest(list, resource)), JSON_TYPE);
  const logs = (list: Json[], resource?: GivenResource) => hub.post('/v1/logs', JSON.stringify(logsRequest(list, resource)), JSON_TYPE);
  /** The series of a room and their values. */
  const stored = async (room = 'metrics:shop') => {
    await hub.samples.flush();
    return Object.fromEntries([...(hub.values.get(room) ?? [])].map(([series, { value }]) => [series, value]));
  };
  return { ...hub, metrics, logs, stored };
}

const gauge = (name: string, ...points: Json[]): Json => ({
  name,
  gauge: { dataPoints: points.map((point) => ({ timeUnixNano, ...point })) },
});

test.each([
  ['JSON', JSON_TYPE, (json: Json) => Buffer.from(JSON.stringify(json)), '{}'],
  ['protobuf', PROTOBUF_TYPE, metricsProtobuf, ''],
])('metrics in %s go into the room of their service, and the answer is of the same type', async (_name, type, encode, answer) => {
  const { post, stored } = await otlpHub();
  const scope = { name: 'lib' };
  const request = metricsRequest([gauge('temp', { asDouble: 1.5, attributes: attributes({ place: 'roof' }) })], {
    scope,
    resource: { 'service.name': 'shop', 'os.type': 'linux' },
  });
  for (const body of [encode(request), gzipSync(encode(request))]) {
    const packed: Record<string, string> = body[0] === 0x1f ? { 'content-encoding': 'gzip' } : {};
    const response = await post('/v1/metrics', body, { ...type, ...packed });
    expect(response).toMatchObject({ status: 200, text: answer });
    expect(response.headers.get('content-type')).toBe(type['content-type']);
  }
  expect(await stored()).toEqual({
    'temp{job="shop",otel_scope_name="lib",place="roof"}': 1.5,
    'target_info{job="shop",os_type="linux"}': 1,
  });
});

test.each([
  ['JSON', JSON_TYPE, (json: Json) => Buffer.from(JSON.stringify(json))],
  ['protobuf', PROTOBUF_TYPE, logsProtobuf],
])('logs in %s go into the room of their service, in order, stored when they are acknowledged', async (_name, type, encode) => {
  const { post, lines } = await otlpHub();
  const records = ['one', 'two'].map((text) => ({
    timeUnixNano,
    body: { stringValue: text },
    severityNumber: 9,
    traceId: 'ab'.repeat(16),
  }));
  const answer = await post('/v1/logs', encode(logsRequest(records, { scope: { name: 'checkout' } })), type);
  expect(answer.status).toBe(200);
  const line = { time: T, level: 'info', source: 'checkout', fields: { 'service.name': 'shop', trace_id: 'ab'.repeat(16) } };
  expect(lines.get('logs:shop')).toEqual([
    { text: 'one', ...line },
    { text: 'two', ...line },
  ]);
});

test('a request may hold many resources, each with a room of its own', async () => {
  const { post, stored } = await otlpHub();
  const of = (service: string) => metricsRequest([gauge('m', { asInt: '7' })], { resource: service ? { 'service.name': service } : {} });
  const resourceMetrics = ['cart', 'stock', ''].flatMap((service) => of(service).resourceMetrics);
  expect((await post('/v1/metrics', JSON.stringify({ resourceMetrics }), JSON_TYPE)).status).toBe(200);
  expect(await stored('metrics:cart')).toEqual({ 'm{job="cart"}': 7 });
  expect(await stored('metrics:stock')).toEqual({ 'm{job="stock"}': 7 });
  expect(await stored('metrics:unknown')).toEqual({ m: 7 });
});

test('rules by metric, attribute and resource choose other rooms', async () => {
  const rules = ['__name__=temp*->metrics:weather', 'place=cellar->metrics:{place}', 'service.name=shop->logs:tills'];
  const rooms = new SenderRooms(rules.map((rule) => parseRoomRule(rule)!));
  const { metrics, logs, stored, lines } = await otlpHub({ service: { rooms } });
  await metrics([gauge('temp', { asDouble: 1 }), gauge('m', { asDouble: 2, attributes: attributes({ place: 'cellar' }) })]);
  await logs([{ body: { stringValue: 'sold' } }]);
  expect(await stored('metrics:weather')).toEqual({ 'temp{job="shop"}': 1 });
  expect(await stored('metrics:cellar')).toEqual({ 'm{job="shop",place="cellar"}': 2 });
  expect(lines.get('logs:tills')).toMatchObject([{ text: 'sold' }]);
});

test('deltas become counters that rise, also over requests, and a request that comes again counts once', async () => {
  const { metrics, stored } = await otlpHub();
  const delta = (asInt: number, at: number): Json => ({
    name: 'requests',
    sum: {
      aggregationTemporality: 1,
      isMonotonic: true,
      dataPoints: [{ asInt, startTimeUnixNano: nanoseconds(T + at - 10), timeUnixNano: nanoseconds(T + at) }],
    },
  });
  for (const [value, at] of [
    [3, 10],
    [4, 20],
    [4, 20],
  ])
    expect((await metrics([delta(value!, at!)])).json).toEqual({});
  expect(await stored()).toEqual({ 'requests_total{job="shop"}': 7 });
});

test('a delta of a time that is too far from now gets into no total', async () => {
  const { metrics, stored } = await otlpHub();
  const points = [nanoseconds(4e12), timeUnixNano].map((time, i) => ({ asInt: 100 * (1 - i) + 3, timeUnixNano: time }));
  const { json } = await metrics([{ name: 'requests', sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: points } }]);
  expect(json.partialSuccess.rejectedDataPoints).toBe('1');
  expect(await stored()).toEqual({ 'requests_total{job="shop"}': 3 });
});

test('the first that failed stands first, and a point of many samples counts once', async () => {
  const { metrics } = await otlpHub();
  const bounds = Array.from({ length: 150 }, (_, i) => i);
  const point = { count: 0, bucketCounts: [0, ...bounds.map(() => 0)], explicitBounds: bounds, timeUnixNano };
  const { json } = await metrics([
    { name: 'latency', histogram: { aggregationTemporality: 2, dataPoints: [point] } },
    gauge('m', { asDouble: 'NaN' }),
  ]);
  expect(json.partialSuccess).toMatchObject({
    rejectedDataPoints: '2',
    errorMessage: expect.stringMatching(/^data point 1: latency_bucket/),
  });
});

test('what is bad of a request is rejected by name and place, and the rest is taken', async () => {
  const { metrics, stored, counts } = await otlpHub();
  const histogram = { count: 1, sum: 1, bucketCounts: [1], explicitBounds: [1, 2], timeUnixNano };
  const { status, json } = await metrics([
    gauge('good', { asDouble: 1 }, { asDouble: 'NaN' }, { asDouble: 2, timeUnixNano: nanoseconds(4e12) }),
    { name: 'latency', histogram: { aggregationTemporality: 2, dataPoints: [histogram] } },
    gauge('huge', { asDouble: 1, attributes: attributes({ a: 'x'.repeat(5_000) }) }),
    gauge('absent', { flags: 1 }),
  ]);
  expect([status, json.partialSuccess.rejectedDataPoints]).toEqual([200, '4']);
  expect(json.partialSuccess.errorMessage).toMatch(
    /^data point 2: good.*finite.*; data point 3: good.*far.*; data point 4: latency.*bucket/,
  );
  expect(await stored()).toEqual({ 'good{job="shop"}': 1 });
  expect(counts).toMatchObject({ 'samples accepted': 1, 'samples invalid': 3, 'samples too_large': 1 });
});

test('a request that comes again has the ids that it had; another one, or one without times, has its own', async () => {
  const ids: (string | undefined)[] = [];
  const clock = new ManualClock(T);
  const lines = { add: async (_room: unknown, _lines: unknown, id?: string) => void ids.push(id) };
  const { logs } = await otlpHub({ service: { lines, clock } });
  const record = { body: { stringValue: 'tick' }, timeUnixNano };
  for (const records of [[record], [record], [{ ...record, flags: 1 }], [{ body: record.body }], [{ body: record.body }]]) {
    await logs(records);
    await clock.advance(1);
  }
  expect(ids).toEqual(Array.from({ length: 5 }, () => expect.any(String)));
  expect(ids[1]).toBe(ids[0]);
  expect(new Set(ids).size).toBe(4);
});

test('a request of a guest that comes again is stored once, though a guest without a key is another user each time', async () => {
  let guests = 0;
  const authenticate = () => ({ ...sender(['logs:*']), guest: true, user: { id: `guest-${++guests}`, name: 'Guest' } });
  const { logs, texts } = await otlpHub({ routes: { authenticate } });
  for (const _ of 'ab') await logs([{ body: { stringValue: 'once' }, timeUnixNano }]);
  expect(texts('logs:shop')).toEqual(['once']);
});

test('a log record that is bad is rejected, and the rest is taken', async () => {
  const { logs, texts } = await otlpHub();
  const { json } = await logs([
    { body: { stringValue: 'good' } },
    { body: { stringValue: 'old' }, timeUnixNano: '1' },
    { body: { stringValue: 'long' }, attributes: attributes({ a: 'x'.repeat(100_000) }) },
    { body: { stringValue: 'evil' }, attributes: attributes({ constructor: 'x' }) },
  ]);
  expect(json.partialSuccess).toMatchObject({ rejectedLogRecords: '3' });
  expect(json.partialSuccess.errorMessage).toMatch(/log record 2: the time/);
  expect(texts('logs:shop')).toEqual(['good']);
});

test('a partial success in protobuf says how many and which', async () => {
  const { post } = await otlpHub();
  const answer = await post('/v1/metrics', metricsProtobuf(metricsRequest([gauge('m', { asDouble: Number.NaN })])), PROTOBUF_TYPE);
  expect(answer.status).toBe(200);
  expect(readMessage(readMessage(answer.bytes)[1] as Uint8Array)).toEqual({ 1: 1, 2: expect.any(Uint8Array) });
});

/** The fields of a message by number: numbers, and bytes for what has a length. */
function readMessage(bytes: Uint8Array): Record<number, number | Uint8Array> {
  return new PbfReader(bytes).readFields<Record<number, number | Uint8Array>>((field, into, reader) => {
    into[field] = reader.type === 0 ? reader.readVarint() : reader.readBytes();
  }, {});
}

test('more series than a sender may have are rejected, counted in data points', async () => {
  const { metrics } = await otlpHub();
  const points = Array.from({ length: 105 }, (_, i) => ({ asDouble: i, attributes: attributes({ i }) }));
  const { json } = await metrics([gauge('m', ...points)]);
  expect(json.partialSuccess).toMatchObject({ rejectedDataPoints: '5', errorMessage: expect.stringMatching(/data point 101: m\{/) });
});

test.each([
  ['cut protobuf', '/v1/metrics', metricsProtobuf(metricsRequest([gauge('m', { asDouble: 1 })])).subarray(0, 20), PROTOBUF_TYPE, 400, 3],
  ['no JSON', '/v1/logs', '{"resourceLogs":', JSON_TYPE, 400, 3],
  ['JSON of brackets', '/v1/logs', '['.repeat(100_000), JSON_TYPE, 400, 3],
  ['broken gzip', '/v1/logs', 'nope', { ...JSON_TYPE, 'content-encoding': 'gzip' }, 400, 3],
  ['an unknown encoding', '/v1/logs', '{}', { ...JSON_TYPE, 'content-encoding': 'zstd' }, 400, 3],
  ['a gzip bomb', '/v1/metrics', gzipSync(Buffer.alloc(20_000_000)), { ...PROTOBUF_TYPE, 'content-encoding': 'gzip' }, 413, 3],
  ['another type', '/v1/metrics', 'm 1', { 'content-type': 'text/plain' }, 415, 3],
  ['no type', '/v1/metrics', new Uint8Array(3), {}, 415, 3],
])('%s is refused with a Status', async (_what, path, body, headers, status, code) => {
  const { post, faults } = await otlpHub();
  const answer = await post(path, body, headers as Record<string, string>);
  expect(answer.status).toBe(status);
  const asProtobuf = (headers as { 'content-type'?: string })['content-type'] === PROTOBUF_TYPE['content-type'];
  if (asProtobuf) expect(readMessage(answer.bytes)).toEqual({ 1: code, 2: expect.any(Uint8Array) });
  else expect(answer.json).toEqual({ code, message: expect.any(String) });
  expect(faults).toEqual([]);
});

test('a sender that may use none of its rooms is told so; of several, what it may not use is rejected', async () => {
  const { metrics, post, stored } = await otlpHub({ principal: sender(['metrics:cart']) });
  const refused = await metrics([gauge('m', { asDouble: 1 })]);
  expect(refused).toMatchObject({ status: 403, json: { code: 7, message: expect.stringContaining('metrics:shop') } });
  const of = (service: string) => metricsRequest([gauge('m', { asDouble: 1 })], { resource: { 'service.name': service } });
  const resourceMetrics = ['shop', 'cart'].flatMap((service) => of(service).resourceMetrics);
  const { json } = await post('/v1/metrics', JSON.stringify({ resourceMetrics }), JSON_TYPE);
  expect(json.partialSuccess).toMatchObject({
    rejectedDataPoints: '1',
    errorMessage: expect.stringMatching(/data point 1: m: .*metrics:shop/),
  });
  expect(await stored('metrics:cart')).toEqual({ 'm{job="cart"}': 1 });
});

test.each([
  ['unavailable', 503],
  ['storage_full', 503],
] as const)('a store that is %s is told to the sender, with when to come again', async (code, status) => {
  const { logs, store, texts } = await otlpHub();
  const records = [{ timeUnixNano, body: { stringValue: 'x' } }];
  store.fails = code;
  const refused = await logs(records);
  expect([refused.status, refused.headers.get('retry-after'), refused.json.code]).toEqual([status, '1', 14]);
  store.fails = undefined;
  expect((await logs(records)).json).toEqual({});
  expect(texts('logs:shop')).toEqual(['x']);
});

test('resources and scopes as large as a body may be are refused quickly, however many points they have', async () => {
  const { metrics, logs } = await otlpHub();
  const large = { resource: { 'service.name': 'x'.repeat(400_000) }, scope: { name: 'y'.repeat(300_000) } };
  const points = Array.from({ length: 5_000 }, () => ({ asDouble: 1 }));
  expect((await metrics([gauge('m', ...points)], large)).json.partialSuccess.rejectedDataPoints).toBe('5000');
  const { status, json } = await logs(
    Array.from({ length: 2_000 }, () => ({ body: { stringValue: 'x' } })),
    { resource: { 'host.name': 'x'.repeat(400_000) }, scope: large.scope },
  );
  expect([status, json]).toEqual([200, {}]);
});
