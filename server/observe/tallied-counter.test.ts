import { expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { TalliedCounter } from './tallied-counter.js';

test('what is tallied stands beside what is counted, each once, whenever it is read', async () => {
  const registry = new Registry();
  const counter = new TalliedCounter({ name: 'seen_total', help: 'Seen.', labelNames: ['what'], registers: [registry] });
  const [one, other] = [counter.tally({ what: 'a' }), counter.tally({ what: 'b' })];
  one.add();
  one.add(3);
  counter.inc({ what: 'a' });
  const first = await registry.metrics();
  expect(first).toContain('seen_total{what="a"} 5');
  expect(first).not.toContain('what="b"');
  other.add();
  expect(await registry.metrics()).toMatch(/seen_total\{what="a"\} 5\nseen_total\{what="b"\} 1/);
});

test('tallies by a label count each value in its own series, and are made once for each', async () => {
  const registry = new Registry();
  const counter = new TalliedCounter({ name: 'seen_total', help: 'Seen.', labelNames: ['what'], registers: [registry] });
  const of = counter.talliesBy('what');
  expect(of('a')).toBe(of('a'));
  for (const value of ['a', 'b', 'a']) of(value).add();
  expect(await registry.metrics()).toMatch(/seen_total\{what="a"\} 2\nseen_total\{what="b"\} 1/);
});

test('two tallies of one series add up', async () => {
  const registry = new Registry();
  const counter = new TalliedCounter({ name: 'seen_total', help: 'Seen.', registers: [registry] });
  for (const tally of [counter.tally({}), counter.tally({})]) tally.add(2);
  expect(await registry.metrics()).toContain('seen_total 4');
});
