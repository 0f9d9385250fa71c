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
/** Each look asks a server for a page of figures. */
const LOOK = { intervalMs: 100 };
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

const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((total, count) => total + count, 0);

test(
  'every sample that a Prometheus says it sent is in the room of its job, as Prometheus has it itself',
  async () => {
    const hub = await startHub(scope, { env: { ROOMCAST_HOST_METRICS: 'off' } });
    const exporter = await startNodeExporter(scope);
    const prometheus = await startPrometheus(scope, `${hub.url}/api/v1/write`, { node: [exporter.address] });
    await waitFor(async () => (await prometheus.scrapes('node')).good >= SCRAPES, {
      ...LOOK,
      timeoutMs: SECONDS * 2_000 + 60_000,
      what: `${SCRAPES} scrapes`,
    });
    // A scrape that fails ends every series of its target; the next good one begins them again.
    exporter.signal('SIGSTOP');
    await waitFor(async () => (await prometheus.scrapes('node')).failed > 0, { ...LOOK, what: 'a scrape that fails' });
    exporter.signal('SIGCONT');
    const { good } = await prometheus.scrapes('node');
    await waitFor(async () => (await prometheus.scrapes('node')).good > good, { ...LOOK, what: 'a good scrape again' });
    await prometheus.stopScraping();
    await waitFor(async () => !(await prometheus.live('node')), { ...LOOK, what: 'the ends of all series' });
    const taken = await prometheus.own('prometheus_tsdb_head_samples_appended_total');
    await waitFor(async () => sum(await ingested(hub.url)) === taken, { ...LOOK, what: `${taken} samples and ends of series` });
    for (const trouble of ['failed', 'dropped', 'retried']) {
      expect([trouble, await prometheus.own(`prometheus_remote_storage_samples_${trouble}_total`)]).toEqual([trouble, 0]);
    }
    const stored = await prometheus.stored('node');
    const finite = stored.filter(([, , value]) => Number.isFinite(value));
    const accepted = finite.length;
    const not_finite = stored.length - accepted;
    // What Prometheus took and does not show is the mark that a series has ended: behind its last sample, or behind a scrape that failed.
    const stale = taken - stored.length;
    expect(await ingested(hub.url)).toEqual({ accepted, stale, ...(not_finite && { not_finite }) });
    expect(stale).toBeGreaterThan(new Set(stored.map(([name]) => name)).size);
    expect(accepted).toBeGreaterThan(SCRAPES * 100);
    await waitFor(async () => (await samplesIn(hub.url, 'metrics:node')).size === accepted, { what: 'the samples in the room' });
    expect(await samplesIn(hub.url, 'metrics:node')).toEqual(new Map(finite.map(([name, t, value]) => [`${name} ${t}`, value])));
  },
  SECONDS * 2_000 + 120_000,
);
