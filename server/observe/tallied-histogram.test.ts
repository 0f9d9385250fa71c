import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Histogram, Registry } from 'prom-client';
import { TalliedHistogram } from './tallied-histogram.js';

test('what is tallied reads as what prom-client observes, also between readings', async () => {
  const value = fc.double({ min: 0, max: 20, noNaN: true });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(value, fc.constantFrom(0.1, 1, 10)), { maxLength: 50 }), fc.nat(50), async (values, readAt) => {
      const options = { name: 'h', help: 'h', buckets: [0.1, 1, 10], registers: [] };
      const [stock, tallied] = [new Histogram(options), new TalliedHistogram(options)];
      const [one, other] = [new Registry(), new Registry()];
      one.registerMetric(stock);
      other.registerMetric(tallied);
      for (const [index, seconds] of values.entries()) {
        stock.observe(seconds);
        tallied.tally(seconds);
        if (index === readAt) await other.metrics();
      }
      const ofTallied = (await tallied.get()).values;
      for (const [index, { value, ...labels }] of (await stock.get()).values.entries()) {
        expect(ofTallied[index]).toMatchObject(labels);
        expect(ofTallied[index]!.value).toBeCloseTo(value, 9);
      }
    }),
  );
});
