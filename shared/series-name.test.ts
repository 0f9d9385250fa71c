import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HubError } from './errors.js';
import { formatSeries, parseSeries } from './series-name.js';

test('labels are sorted and escaped, and empty ones are none', () => {
  expect(formatSeries('cpu')).toBe('cpu');
  expect(formatSeries('cpu', { host: 'a', core: '0', zone: '' })).toBe('cpu{core="0",host="a"}');
  expect(formatSeries('a{b', { 'k=1': 'say "hi"\n\\' })).toBe('a\\{b{k\\=1="say \\"hi\\"\\n\\\\"}');
});

test('text that is no series is refused', () => {
  for (const text of ['cpu{', 'cpu{}', 'cpu{a}', 'cpu{a=1}', 'cpu{a="1"', 'cpu{a="1"}x', 'cpu{a="1"b="2"}', 'cpu{a="1",}']) {
    expect(() => parseSeries(text)).toThrow(HubError);
  }
});

const text = fc.string({ unit: fc.constantFrom('a', 'n', 'é', '{', '}', '"', '\\', '=', ',', '\n', ' '), minLength: 1, maxLength: 8 });

test('whatever the characters, the parts come back', () => {
  fc.assert(
    fc.property(text, fc.dictionary(text, text, { maxKeys: 4 }), (name, labels) => {
      expect(parseSeries(formatSeries(name, labels))).toEqual({ name, labels: { ...labels } });
    }),
  );
});

test('two series have one text only if they are one series', () => {
  fc.assert(
    fc.property(text, fc.dictionary(text, text), text, fc.dictionary(text, text), (name, labels, otherName, otherLabels) => {
      const same = formatSeries(name, labels) === formatSeries(otherName, otherLabels);
      const equal =
        name === otherName && JSON.stringify(Object.entries(labels).sort()) === JSON.stringify(Object.entries(otherLabels).sort());
      expect(same).toBe(equal);
    }),
  );
});
