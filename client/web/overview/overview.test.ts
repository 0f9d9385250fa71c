import { expect, test } from '@jest/globals';
import { snippets } from './snippets.js';
import { sumsOf } from './sums.js';

test('a metric of several instances is summed, without those that fell silent', () => {
  const latest = new Map([
    ['connections{instance="a"}', { t: 100_000, value: 3 }],
    ['connections{instance="b"}', { t: 99_000, value: 4 }],
    ['connections{instance="gone"}', { t: 50_000, value: 50 }],
    ['lag', { t: 100_000, value: 0.5 }],
  ]);
  expect(sumsOf(latest)).toEqual(
    new Map([
      ['connections', { sum: 7, max: 4 }],
      ['lag', { sum: 0.5, max: 0.5 }],
    ]),
  );
  expect(sumsOf(new Map()).size).toBe(0);
});

test('each way to connect names this hub', () => {
  for (const { code } of snippets('https://hub.example:8443')) expect(code).toContain('https://hub.example:8443');
});
