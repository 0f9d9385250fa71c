import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatSeries } from '../../shared/series-name.js';
import { pointLabels } from './otlp-labels.js';
import type { Attributes } from './otlp-model.js';
import { KnownSeries } from './otlp-series.js';

const origin = { key: 'm{job="a"}', name: 'm', labels: { job: 'a' } };

test('the same attributes of the same metric have the same series, put together once', () => {
  const known = new KnownSeries();
  const series = known.of(origin, [['b', 1]]);
  expect(known.of(origin, [['b', '1']])).toBe(series);
  expect(known.of({ ...origin, key: 'n', name: 'n' }, [['b', 1]])).not.toBe(series);
  expect(series.text('')).toBe('m{b="1",job="a"}');
  expect(series.text('_bucket', ['le', '+Inf'])).toBe('m_bucket{b="1",job="a",le="+Inf"}');
  expect(series.text('_bucket', ['le', '1'])).toBe('m_bucket{b="1",job="a",le="1"}');
});

test('whatever the attributes, what was put together before is theirs', () => {
  const known = new KnownSeries();
  const word = fc.string({ unit: fc.constantFrom('a', ':', '1', '2', '\n'), maxLength: 4 });
  const attributes = fc.array(fc.tuple(word, word), { maxLength: 3 }) as fc.Arbitrary<Attributes>;
  fc.assert(
    fc.property(attributes, (given) => {
      expect(known.of(origin, given).text('')).toBe(formatSeries('m', pointLabels(given, origin.labels)));
    }),
    { numRuns: 2_000 },
  );
});

test('what is remembered is bounded, and what was forgotten is put together again', () => {
  const known = new KnownSeries(2_000);
  const first = known.of(origin, [['n', 0]]);
  for (let n = 1; n < 50; n++) known.of(origin, [['n', n]]).text('');
  expect(known.of(origin, [['n', 0]])).not.toBe(first);
  expect(known.of(origin, [['n', 0]]).text('')).toBe('m{job="a",n="0"}');
});

test('attributes that no series could have are refused each time', () => {
  const known = new KnownSeries();
  for (let again = 0; again < 2; again++)
    expect(() => known.of(origin, [['a', 'x'.repeat(5_000)]])).toThrow(expect.objectContaining({ code: 'too_large' }));
});
