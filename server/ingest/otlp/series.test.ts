import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatSeries } from '../../../shared/series-name.js';
import type { Attributes } from './attributes.js';
import { pointLabels } from './labels.js';
import { PointAttributes } from './point-attributes.js';
import { KnownSeries } from './series.js';

const origin = { key: 'm{job="a"}', name: 'm', labels: { job: 'a' } };

test('the series of a metric have its name, its labels and what each adds to them', () => {
  const series = new KnownSeries().of(origin)(new PointAttributes([['b', 1]]));
  expect(series.text('')).toBe('m{b="1",job="a"}');
  expect(series.text('_count')).toBe('m_count{b="1",job="a"}');
  expect(series.text('_bucket', ['le', '+Inf'])).toBe('m_bucket{b="1",job="a",le="+Inf"}');
  expect(series.text('_bucket', ['le', '1'])).toBe('m_bucket{b="1",job="a",le="1"}');
  expect(series.labels()).toEqual({ b: '1', job: 'a' });
});

test('whatever came before, a point has the series of its own metric and attributes', () => {
  const known = new KnownSeries(5_000);
  const word = fc.string({ unit: fc.constantFrom('a', ':', '1', '2', ' ', '\n'), maxLength: 4 });
  const attributes = fc.array(fc.tuple(word, word), { maxLength: 3 }) as fc.Arbitrary<Attributes>;
  fc.assert(
    fc.property(attributes, word, fc.constantFrom('m', 'n'), (given, job, name) => {
      const series = known.of({ key: formatSeries(name, { job }), name, labels: { job } })(new PointAttributes(given));
      const expected = () => formatSeries(name, pointLabels(given, { job }));
      for (let again = 0; again < 2; again++) expect(series.text('')).toBe(expected());
      expect(series.text('_count')).toBe(expected().replace(name, `${name}_count`));
    }),
    { numRuns: 3_000 },
  );
});

test('attributes that no series could have are refused each time', () => {
  const seriesOf = new KnownSeries().of(origin);
  for (let again = 0; again < 2; again++)
    expect(() => seriesOf(new PointAttributes([['a', 'x'.repeat(5_000)]])).text('')).toThrow(
      expect.objectContaining({ code: 'too_large' }),
    );
});
