import { expect, test } from '@jest/globals';
import { eachSample } from '../server/metrics/sample-columns.js';
import type { Message, SampleColumns } from '../shared/protocol.js';
import { get } from './support/http.js';
import { startHub } from './support/hub-process.js';
import { SCRAPE_MS, startNodeExporter, startPrometheus } from './support/prometheus.js';
import { testScope } from './support/scope.js';
import { waitFor } from './support/wait.js';

const scope = testScope();

/** `PROMETHEUS_SECONDS=120 npm test -- test/prometheus` runs for two minutes. */
const SECONDS = Number(process.env.PROMETHEUS_SECONDS ?? 2);
const SCRAPES = (SECONDS * 1_000) / SCRAPE_MS;

/** Everything that a metric room's log has, as `series time` -> value; what is there twice throws. */
async function samplesIn(url: string, room: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (let before = ''; ; ) {
    const { body } = await get(`${url}/api/rooms/${room}/messages?limit=100${before}`);
    const messages: Message[] = body.messages;
    for (const { data } of messages) {
      eachSample(data as SampleColumns, (series, value, t) => {
        if (found.has(`${series} ${t}`)) throw new Error(`${series} at ${t} is there twice`);
        found.set(`${series} ${t}`, value);
      });
    }
    if (!body.more) return found;
    before = `&before=${messages[0]!.position}`;
  }
}

/** What the hub counts of the samples that came in, by outcome. */
async function ingested(url: string): Promise<Record<string, number>> {
  const { text } = await get(`${url}/metrics`);
  const lines = [...text.matchAll(/^roomcast_ingested_total\{(?=[^}]*what="samples")[^}]*outcome="(\w+)"[^}]*\} (\d+)$/gm)];
  return Object.fromEntries(lines.map(([, outcome, count]) => [outcome, Number(count)]));
}

test(
  'every sample that a Prometheus says it sent is in the room of its job, as Prometheus has it itself',
  async () => {
    const hub = await startHub(scope, { env: { ROOMCAST_HOST_METRICS: 'off' } });
    const exporter = await startNodeExporter(scope);
    const prometheus = await startPrometheus(scope, `${hub.url}/api/v1/write`, { node: [exporter.address] });
    await waitFor(async () => (await prometheus.scrapes('node')) >= SCRAPES, {
      timeoutMs: SECONDS * 2_000 + 60_000,
      intervalMs: 100,
      what: `${SCRAPES} scrapes`,
    });
    await prometheus.stopScraping();
    // Behind the last sample of each series comes the mark that it has ended.
    const series = new Set((await prometheus.stored('node')).map(([name]) => name)).size;
    await waitFor(async () => (await ingested(hub.url)).stale === series, {
      timeoutMs: 30_000,
      intervalMs: 100,
      what: 'the ends of all series',
    });
    for (const trouble of ['failed', 'dropped', 'retried']) {
      expect([trouble, await prometheus.own(`prometheus_remote_storage_samples_${trouble}_total`)]).toEqual([trouble, 0]);
    }
    const counts = await ingested(hub.url);
    const { accepted = 0, not_finite = 0 } = counts;
    expect(counts).toEqual({ accepted, stale: series, ...(not_finite && { not_finite }) });
    expect(accepted + series + not_finite).toBe(await prometheus.own('prometheus_remote_storage_samples_total'));
    const finite = (await prometheus.stored('node')).filter(([, , value]) => Number.isFinite(value));
    expect(finite.length).toBeGreaterThan(SCRAPES * 100);
    await waitFor(async () => (await samplesIn(hub.url, 'metrics:node')).size === accepted, { what: 'the samples in the room' });
    expect(await samplesIn(hub.url, 'metrics:node')).toEqual(new Map(finite.map(([name, t, value]) => [`${name} ${t}`, value])));
  },
  SECONDS * 2_000 + 120_000,
);
