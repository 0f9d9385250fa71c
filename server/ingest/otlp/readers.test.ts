import { describe, expect, test } from '@jest/globals';
import { type Json, logsProtobuf, logsRequest, metricsProtobuf, metricsRequest } from '../../../test/support/otlp.js';
import { JSON_READER } from './json.js';
import type { Batch, LogRecord, Metric, MetricData, OtlpReader, Point, Unread } from './model.js';
import { KnownAttributes } from './point-attributes.js';
import { PROTOBUF_READER } from './protobuf.js';

const known = new KnownAttributes();
const asJson = (json: unknown): Buffer => Buffer.from(JSON.stringify(json));
const READERS: [string, (json: Json) => Batch<Metric>[], (json: Json) => Batch<Unread<LogRecord>>[]][] = [
  ['JSON', (json) => JSON_READER.metrics(asJson(json), known), (json) => JSON_READER.logs(asJson(json))],
  ['protobuf', (json) => PROTOBUF_READER.metrics(metricsProtobuf(json), known), (json) => PROTOBUF_READER.logs(logsProtobuf(json))],
];

const pointsOf = ({ points }: MetricData): (() => Point<unknown>)[] =>
  Array.from({ length: points.length }, (_, at) => () => points.read(at));

/** Points and records read, as plain values. */
const readMetrics = (batches: Batch<Metric>[]) =>
  batches.map(({ items, ...batch }) => ({
    ...batch,
    items: items.map(({ data, ...metric }) => ({ ...metric, data: { ...data, points: pointsOf(data).map((read) => read()) } })),
  }));
const readLogs = (batches: Batch<Unread<LogRecord>>[]) =>
  batches.map(({ items, ...batch }) => ({ ...batch, items: items.map((read) => read()) }));

const TIME = '1700000000123456789';
const times = { startTimeUnixNano: '1700000000000000000', timeUnixNano: TIME };
const attributesOf = (...list: [string, string][]) => expect.objectContaining({ list });
const read = { startNs: 1_700_000_000_000_000_000, timeNs: Number(TIME), recorded: true, attributes: attributesOf() };
const route = { attributes: [{ key: 'http.route', value: { stringValue: '/' } }] };

const METRICS: [string, Json, unknown][] = [
  ['a gauge', { gauge: { dataPoints: [{ ...times, asDouble: 1.5 }] } }, { kind: 'gauge', points: [{ ...read, data: 1.5 }] }],
  [
    'a sum of integers',
    { sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [{ ...times, ...route, asInt: '-3' }] } },
    { kind: 'sum', temporality: 2, monotonic: true, points: [{ ...read, attributes: attributesOf(['http.route', '/']), data: -3 }] },
  ],
  [
    'a histogram',
    {
      histogram: {
        aggregationTemporality: 1,
        dataPoints: [{ ...times, count: '3', sum: 7.5, bucketCounts: ['1', '2'], explicitBounds: [2.5] }],
      },
    },
    { kind: 'histogram', temporality: 1, points: [{ ...read, data: { count: 3, sum: 7.5, bounds: [2.5], counts: [1, 2] } }] },
  ],
  [
    'an exponential histogram',
    {
      exponentialHistogram: {
        aggregationTemporality: 2,
        dataPoints: [
          {
            ...times,
            count: 4,
            scale: -1,
            zeroCount: 1,
            zeroThreshold: 0.5,
            positive: { offset: -2, bucketCounts: ['1', '300'] },
            negative: {},
          },
        ],
      },
    },
    {
      kind: 'exponential',
      temporality: 2,
      points: [
        {
          ...read,
          data: {
            count: 4,
            scale: -1,
            zeroCount: 1,
            zeroThreshold: 0.5,
            positive: { offset: -2, counts: [1, 300] },
            negative: { offset: 0, counts: [] },
          },
        },
      ],
    },
  ],
  [
    'a summary',
    { summary: { dataPoints: [{ ...times, count: '2', sum: 3, quantileValues: [{ quantile: 0.5, value: 1.5 }] }] } },
    { kind: 'summary', points: [{ ...read, data: { count: 2, sum: 3, quantiles: [{ quantile: 0.5, value: 1.5 }] } }] },
  ],
  [
    'a point without a value',
    { gauge: { dataPoints: [{ ...times, flags: 1 }] } },
    { kind: 'gauge', points: [{ ...read, recorded: false, data: 0 }] },
  ],
];

describe.each(READERS)('%s', (_name, metrics, logs) => {
  test.each(METRICS)('%s is read', (_what, data, expected) => {
    const scope = { name: 'lib', version: '1.2', attributes: [{ key: 'a', value: { boolValue: true } }] };
    const [batch] = readMetrics(metrics(metricsRequest([{ name: 'm', unit: 's', description: 'not kept', ...data }], { scope })));
    expect(batch).toMatchObject({
      resource: [['service.name', 'shop']],
      scope: { name: 'lib', version: '1.2', attributes: [['a', true]] },
    });
    expect(batch?.items).toEqual([{ name: 'm', unit: 's', data: expect.objectContaining(expected as object) }]);
  });

  test('a log record is read, with values of every type', () => {
    const list = { arrayValue: { values: [{ intValue: '1' }, { stringValue: 'two' }] } };
    const map = { kvlistValue: { values: [{ key: '__proto__', value: { doubleValue: 0.5 } }] } };
    const given: Record<string, Json> = {
      list,
      map,
      big: { intValue: '4611686018427387904' },
      negative: { intValue: '-7' },
      bytes: { bytesValue: 'AAH/' },
      none: {},
    };
    const record = {
      timeUnixNano: TIME,
      observedTimeUnixNano: TIME,
      severityNumber: 17,
      severityText: 'ERROR',
      eventName: 'e',
      body: { stringValue: 'text' },
      attributes: Object.entries(given).map(([key, value]) => ({ key, value })),
      traceId: '5B8EFFF798038103D269B633813FC60C',
      spanId: 'eee19b7ec3c1b174',
      flags: 1,
    };
    const [batch] = readLogs(logs(logsRequest([record])));
    expect(batch?.items).toEqual([
      {
        timeNs: read.timeNs,
        observedNs: read.timeNs,
        severity: 17,
        severityText: 'ERROR',
        eventName: 'e',
        body: 'text',
        traceId: '5b8efff798038103d269b633813fc60c',
        spanId: 'eee19b7ec3c1b174',
        attributes: [
          ['list', [1, 'two']],
          ['map', Object.fromEntries([['__proto__', 0.5]])],
          ['big', '4611686018427387904'],
          ['negative', -7],
          ['bytes', 'AAH/'],
          ['none', null],
        ],
      },
    ]);
  });

  test('an id of zeros or of another length is none', () => {
    for (const traceId of ['0'.repeat(32), 'ab', '']) {
      const [batch] = readLogs(logs(logsRequest([{ traceId }])));
      expect(batch?.items[0]?.traceId).toBe('');
    }
  });

  test('a value that is nested too deep refuses its record, and none beside it', () => {
    const nested = (levels: number): Json => {
      let value: Json = { intValue: '1' };
      for (let level = 0; level < levels; level++)
        value = level % 2 === 0 ? { arrayValue: { values: [value] } } : { kvlistValue: { values: [{ key: 'a', value }] } };
      return value;
    };
    const [batch] = logs(logsRequest([{ body: nested(24) }, { body: nested(25) }, { body: nested(1) }]));
    const [deep, deeper, flat] = batch!.items;
    expect(JSON.stringify(deep!().body)).toContain('1');
    expect(deeper).toThrow(expect.objectContaining({ code: 'too_deep' }));
    expect(flat!().body).toEqual([1]);
  });

  test('an empty request has nothing', () => {
    expect(metrics({})).toEqual([]);
    expect(metrics({ resourceMetrics: [{}] })).toEqual([]);
    expect(logs({ resourceLogs: [{ scopeLogs: [{}] }] })).toMatchObject([{ items: [] }]);
  });
});

test('a request in protobuf that is cut short is refused as a whole, wherever the cut is', () => {
  const [, data] = METRICS[3]!;
  const whole = metricsProtobuf(metricsRequest([{ name: 'm', ...data }]));
  for (let length = 1; length < whole.length; length++)
    expect(() => PROTOBUF_READER.metrics(whole.subarray(0, length), known)).toThrow(expect.objectContaining({ code: 'invalid' }));
});

test('whatever bytes come, they are read or refused', () => {
  const whole = metricsProtobuf(metricsRequest(METRICS.map(([name, data]) => ({ name, unit: 's', ...data }))));
  for (let at = 0; at < whole.length; at++) {
    for (const flip of [0x01, 0x08, 0x80, 0xff]) {
      const bytes = Buffer.from(whole);
      bytes[at] = bytes[at]! ^ flip;
      expectReadOrRefused(PROTOBUF_READER, bytes);
    }
  }
});

function expectReadOrRefused(reader: OtlpReader, bytes: Buffer): void {
  try {
    for (const { items } of reader.metrics(bytes, known))
      for (const { data } of items) for (const readPoint of pointsOf(data)) readOrRefuse(readPoint);
  } catch (error) {
    expect(error).toMatchObject({ name: 'HubError' });
  }
}

function readOrRefuse(readPoint: () => unknown): void {
  try {
    readPoint();
  } catch (error) {
    expect(error).toMatchObject({ name: 'HubError' });
  }
}

test.each<[string, unknown]>([
  ['no object', []],
  ['a list that is none', { resourceMetrics: {} }],
  ['a resource that is none', { resourceMetrics: [{ resource: 5 }] }],
  ['a metric that is none', { resourceMetrics: [{ scopeMetrics: [{ metrics: [1] }] }] }],
  ['a name that is none', metricsRequest([{ name: 5 }])],
  ['a temporality by name', metricsRequest([{ name: 'm', sum: { aggregationTemporality: 'AGGREGATION_TEMPORALITY_DELTA' } }])],
])('JSON with %s is refused', (_what, json) => {
  expect(() => JSON_READER.metrics(asJson(json), known)).toThrow(expect.objectContaining({ code: 'invalid' }));
});

test.each<[string, Json]>([
  ['a number that is none', { asDouble: 'many' }],
  ['a time that is none', { timeUnixNano: '2024-01-01' }],
  ['attributes that are no list', { attributes: { a: 1 } }],
])('a point in JSON with %s is refused by itself', (_what, point) => {
  const [batch] = JSON_READER.metrics(asJson(metricsRequest([{ name: 'm', gauge: { dataPoints: [point, { asDouble: 'NaN' }] } }])), known);
  const [bad, good] = pointsOf(batch!.items[0]!.data);
  expect(bad).toThrow(expect.objectContaining({ code: 'invalid' }));
  expect(good!().data).toBeNaN();
});

test('requests of more parts than memory is kept for are refused while they are read', () => {
  const tooLarge = expect.objectContaining({ code: 'too_large' });
  const many = Array.from({ length: 100_001 }, () => ({}));
  for (const [, metrics, logs] of READERS) {
    expect(() => metrics(metricsRequest([{ name: 'm', gauge: { dataPoints: many } }]))).toThrow(tooLarge);
    expect(() => metrics(metricsRequest(many))).toThrow(tooLarge);
    expect(() => metrics({ resourceMetrics: many })).toThrow(tooLarge);
    expect(() => metrics({ resourceMetrics: [{ scopeMetrics: many }] })).toThrow(tooLarge);
    expect(() => logs(logsRequest(many))).toThrow(tooLarge);
  }
});

test('the numbers of a histogram that no room could show are not even read', () => {
  const point = { ...times, bucketCounts: new Array(50_000).fill(1), positive: { bucketCounts: new Array(50_000).fill(1) } };
  const kinds = { histogram: { dataPoints: [point] }, exponentialHistogram: { dataPoints: [point] } };
  for (const [name, data] of Object.entries(kinds)) {
    const [batch] = PROTOBUF_READER.metrics(metricsProtobuf(metricsRequest([{ name, [name]: data }])), known);
    expect(pointsOf(batch!.items[0]!.data)[0]).toThrow(expect.objectContaining({ code: 'too_large' }));
  }
});

test('a record with more attributes than a list may have is refused by itself', () => {
  const attributes = Array.from({ length: 10_001 }, () => ({ key: 'a' }));
  const [batch] = PROTOBUF_READER.logs(logsProtobuf(logsRequest([{ attributes }, { body: { stringValue: 'good' } }])));
  const [bad, good] = batch!.items;
  expect(bad).toThrow(expect.objectContaining({ code: 'too_large' }));
  expect(good!().body).toBe('good');
});

test('JSON of nothing but brackets is refused before it is parsed', () => {
  expect(() => JSON_READER.logs(Buffer.from('['.repeat(4_000_000)))).toThrow(expect.objectContaining({ code: 'too_deep' }));
  const brackets = '['.repeat(1_000);
  const inTexts = asJson({ resourceLogs: [], quoted: `\\"${brackets}`, ended: '\\', plain: brackets });
  expect(JSON_READER.logs(inTexts)).toEqual([]);
});
