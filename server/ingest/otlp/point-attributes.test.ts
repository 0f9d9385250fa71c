import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { attributes, type Json, metricsProtobuf, metricsRequest } from '../../../test/support/otlp.js';
import { KnownAttributes, type PointAttributes } from './point-attributes.js';
import { PROTOBUF_READER } from './protobuf.js';

/** The attributes of the points of one metric, as they are read. */
function read(known: KnownAttributes, kind: 'gauge' | 'histogram' | 'exponentialHistogram', ...dataPoints: Json[]): PointAttributes[] {
  const [batch] = PROTOBUF_READER.metrics(metricsProtobuf(metricsRequest([{ name: 'm', [kind]: { dataPoints } }])), known);
  const { points } = batch!.items[0]!.data;
  return Array.from({ length: points.length }, (_, at) => points.read(at).attributes);
}

const point = (of: Record<string, string>, more: Json = {}): Json => ({ attributes: attributes(of), ...more });

test('attributes that came before are the same object, whatever else the point says', () => {
  const known = new KnownAttributes();
  const [first] = read(known, 'gauge', point({ route: '/', method: 'GET' }, { asDouble: 1 }));
  const [other, again] = read(
    known,
    'gauge',
    point({ route: '/', method: 'PUT' }),
    point({ route: '/', method: 'GET' }, { asDouble: 2, timeUnixNano: '5' }),
  );
  expect(again).toBe(first);
  expect(first!.list).toEqual([
    ['route', '/'],
    ['method', 'GET'],
  ]);
  expect(other!.key).not.toBe(first!.key);
});

test('whatever came before, each point has its own attributes', () => {
  const known = new KnownAttributes(5_000);
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'é'), maxLength: 3 });
  const kind = fc.constantFrom('gauge' as const, 'histogram' as const, 'exponentialHistogram' as const);
  fc.assert(
    fc.property(kind, fc.array(fc.dictionary(word, word, { maxKeys: 3, noNullPrototype: true }), { maxLength: 4 }), (of, given) => {
      expect(read(known, of, ...given.map((each) => point(each))).map(({ list }) => list)).toEqual(given.map(Object.entries));
    }),
    { numRuns: 500 },
  );
});

test('attributes of more bytes than are kept are read each time', () => {
  const known = new KnownAttributes();
  const long = { text: 'x'.repeat(10_000) };
  const [first, second] = read(known, 'gauge', point(long), point(long));
  expect(second).not.toBe(first);
  expect(second!.list).toEqual(first!.list);
  expect(second!.key).toBeUndefined();
});

test('attributes that are not whole refuse their point each time', () => {
  const known = new KnownAttributes();
  const body = metricsProtobuf(metricsRequest([{ name: 'm', gauge: { dataPoints: [point({ a: 'text' }), point({ a: 'text' })] } }]));
  const length = body.lastIndexOf('text') - 1;
  body[length] = 5;
  for (let again = 0; again < 2; again++) {
    const { points } = PROTOBUF_READER.metrics(body, known)[0]!.items[0]!.data;
    expect(points.read(0).attributes.list).toEqual([['a', 'text']]);
    expect(() => points.read(1)).toThrow(expect.objectContaining({ code: 'invalid' }));
  }
});
