import { beforeAll, expect, test } from '@jest/globals';
import { eachSample } from '../server/metrics/sample-columns.js';
import type { SampleColumns } from '../shared/protocol.js';
import type { LogLine } from '../shared/schemas.js';
import { formatSeries } from '../shared/series-name.js';
import { get } from './support/http.js';
import { type HubProcess, startHub } from './support/hub-process.js';
import { type Encoding, startLogger, startMeter, type Temporality, withinSpan } from './support/otel-senders.js';
import { fileScope, testScope } from './support/scope.js';
import { mintToken, SECRET } from './support/token.js';
import { waitFor } from './support/wait.js';

const scope = testScope();
const file = fileScope();
let hub: HubProcess;
let admin: Record<string, string>;

beforeAll(async () => {
  hub = await startHub(file, { env: { ROOMCAST_TOKEN_SECRET: SECRET, ROOMCAST_HOST_METRICS: 'off' } });
  admin = { authorization: `Bearer ${await mintToken({ admin: true }, { sub: 'root' })}` };
  const token = await mintToken({ rooms: { ingest: ['metrics:shop-*', 'logs:shop-*'] } }, { sub: 'shop' });
  // As an operator configures a program that knows nothing of the hub.
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = hub.url;
  process.env.OTEL_EXPORTER_OTLP_HEADERS = `authorization=Bearer%20${token}`;
  process.env.OTEL_EXPORTER_OTLP_COMPRESSION = 'gzip';
});

/** The messages of a room, oldest first. */
async function messagesOf<Data>(room: string): Promise<Data[]> {
  const { body } = await get(`${hub.url}/api/rooms/${room}/messages?limit=500`, admin);
  return body.messages.map(({ data }: { data: Data }) => data);
}

const ENCODINGS: Encoding[] = ['json', 'protobuf'];
const TEMPORALITIES: Temporality[] = ['cumulative', 'delta'];
const SENDERS = ENCODINGS.flatMap((encoding) => TEMPORALITIES.map((temporality) => ({ encoding, temporality })));

/** The values that each series of a room had, in the order of their times. */
async function historyOf(room: string): Promise<Map<string, number[]>> {
  const points: { series: string; value: number; t: number }[] = [];
  for (const columns of await messagesOf<SampleColumns>(room)) eachSample(columns, (series, value, t) => points.push({ series, value, t }));
  const history = new Map<string, number[]>();
  for (const { series, value } of points.sort((a, b) => a.t - b.t)) history.set(series, [...(history.get(series) ?? []), value]);
  return history;
}

test.each(SENDERS)('every point of a program that sends $temporality metrics in $encoding is in its room', async (sender) => {
  const service = `shop-${sender.encoding}-${sender.temporality}`;
  const { meter, flush } = startMeter(scope, { service, ...sender });
  const orders = meter.createCounter('orders', { unit: '{order}' });
  const queue = meter.createUpDownCounter('queue.length');
  const temperature = meter.createGauge('temperature', { unit: 'Cel' });
  const duration = meter.createHistogram('request.duration', { unit: 's', advice: { explicitBucketBoundaries: [0.05, 0.1] } });
  const size = meter.createHistogram('payload.size', { unit: 'By' });
  const origin = { job: service, instance: 'one', otel_scope_name: 'shop', otel_scope_version: '1.0' };
  const series = (name: string, labels: Record<string, string> = {}) => formatSeries(name, { ...origin, ...labels });

  for (let n = 1; n <= 3; n++) {
    orders.add(n, { channel: 'web' });
    queue.add(n === 2 ? -1 : 2);
    temperature.record(20 + n);
    duration.record(0.04 * n);
    size.record(100 * n);
    await flush();
    await waitFor(async () => (await historyOf(`metrics:${service}`)).get(series('temperature_celsius'))?.length === n, {
      what: `point ${n}`,
    });
  }

  const history = await historyOf(`metrics:${service}`);
  const rounded = (name: string, labels?: Record<string, string>) =>
    history.get(series(name, labels))?.map((value) => Number(value.toFixed(6)));
  expect(rounded('orders_total', { channel: 'web' })).toEqual([1, 3, 6]);
  expect(rounded('queue_length')).toEqual([2, 1, 3]);
  expect(rounded('temperature_celsius')).toEqual([21, 22, 23]);
  expect(rounded('request_duration_seconds_bucket', { le: '0.05' })).toEqual([1, 1, 1]);
  expect(rounded('request_duration_seconds_bucket', { le: '0.1' })).toEqual([1, 2, 2]);
  expect(rounded('request_duration_seconds_bucket', { le: '+Inf' })).toEqual([1, 2, 3]);
  expect(rounded('request_duration_seconds_count')).toEqual([1, 2, 3]);
  expect(rounded('request_duration_seconds_sum')).toEqual([0.04, 0.12, 0.24]);
  expect(rounded('payload_size_bytes_bucket', { le: '128' })).toEqual([1, 1, 1]);
  expect(rounded('payload_size_bytes_bucket', { le: '256' })?.at(-1)).toBe(2);
  expect(rounded('payload_size_bytes_bucket', { le: '+Inf' })).toEqual([1, 2, 3]);
  expect(rounded('payload_size_bytes_sum')).toEqual([100, 300, 600]);
});

test.each(ENCODINGS)('every log record of a program that sends in %s is in its room, whole and in order', async (encoding) => {
  const service = `shop-logs-${encoding}`;
  const { logger, flush } = startLogger(scope, { service, encoding });
  const [traceId, spanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
  logger.emit({
    severityNumber: 17,
    severityText: 'ERROR',
    eventName: 'order.failed',
    body: 'order failed',
    attributes: { 'order.id': 'o-1', items: ['a', 'b'], total: 12.5, customer: { vip: true } },
    context: withinSpan(traceId, spanId),
  });
  logger.emit({ severityNumber: 5, body: { message: 'a map', step: 2 } });
  for (let n = 0; n < 1_000; n++) logger.emit({ severityNumber: 9, body: `line ${n}` });
  await flush();

  const lines = (await messagesOf<{ lines: LogLine[] }>(`logs:${service}`)).flatMap((data) => data.lines);
  const [failed, map, ...rest] = lines;
  expect(failed).toEqual({
    text: 'order failed',
    time: expect.any(Number),
    level: 'error',
    source: 'checkout',
    fields: {
      'service.name': service,
      'order.id': 'o-1',
      items: ['a', 'b'],
      total: 12.5,
      customer: { vip: true },
      'event.name': 'order.failed',
      trace_id: traceId,
      span_id: spanId,
    },
  });
  expect(map).toMatchObject({ text: 'a map', level: 'debug', fields: { step: 2 } });
  expect(rest.map(({ text }) => text)).toEqual(Array.from({ length: 1_000 }, (_, n) => `line ${n}`));
});

test('a program whose token does not allow its room is told so', async () => {
  const { meter, flush, results } = startMeter(scope, { service: 'other', encoding: 'json', temporality: 'delta' });
  meter.createCounter('orders').add(1);
  await flush();
  expect(results).toMatchObject([{ error: { code: 403, data: expect.stringContaining('metrics:other') } }]);
});
