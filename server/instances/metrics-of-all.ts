import { get } from 'node:http';
import { json } from 'node:stream/consumers';
import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from 'prom-client';

type Metrics = MetricObjectWithValues<MetricValue<string>>[];

/** Milliseconds that an instance has to tell its metrics; one that is too busy is left out of this reading. */
const ANSWER_MS = 1_000;

/** The metrics of those that answer, in one exposition. Each has labelled its own, so nothing is added up. */
export async function metricsOfAll(paths: readonly string[]): Promise<string> {
  const answers = await Promise.allSettled(paths.map(ask));
  const told = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  // The sum of one value is that value; some metrics' own way of adding up would leave them out.
  for (const metric of told.flat()) metric.aggregator = 'sum';
  return AggregatorRegistry.aggregate(told).metrics();
}

async function ask(socketPath: string): Promise<Metrics> {
  return new Promise((resolve, reject) => {
    const asked = get({ socketPath, path: '/', agent: false, signal: AbortSignal.timeout(ANSWER_MS) }, (answer) => {
      json(answer).then((metrics) => resolve(metrics as Metrics), reject);
    });
    asked.once('error', reject);
  });
}
