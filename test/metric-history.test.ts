import { writeFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { startChild } from '../server/cli/child.js';
import type { RangeAnswer } from '../shared/protocol.js';
import { startCluster } from './support/cluster.js';
import { storageDir } from './support/files.js';
import { get } from './support/http.js';
import { startHub } from './support/hub-process.js';
import { freePort } from './support/redis.js';
import { testScope } from './support/scope.js';
import { connectClient } from './support/stock-client.js';
import { waitFor } from './support/wait.js';

const scope = testScope();
const ROOM = 'metrics:shop';
const FRESH = { ROOMCAST_CACHE_TTL_MS: '0' };
const MINUTE_MS = 60_000;

interface Sample {
  readonly name: string;
  readonly value: number;
  readonly t?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

async function ingest(url: string, samples: readonly Sample[]): Promise<void> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(samples) };
  const response = await fetch(`${url}/api/ingest/${ROOM}`, init);
  expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
}

/** What a query gives of each series where it has something. */
async function valuesOf(url: string, query: Record<string, string | number>): Promise<Record<string, number[]>> {
  const { status, body } = await get(`${url}/api/metrics/${ROOM}/query?${new URLSearchParams(query as Record<string, string>)}`);
  expect([status, body.error]).toEqual([200, undefined]);
  return Object.fromEntries(
    body.series.map(({ name, values }: { name: string; values: (number | null)[] }) => [name, values.filter((value) => value !== null)]),
  );
}

test('[P120] history outlives a kill, a restart and the room’s log, late samples at their own times', async () => {
  const now = Date.now();
  const day = { from: now - 20 * 60 * MINUTE_MS, to: now, stepMs: MINUTE_MS };
  const ago = (minutes: number, value: number): Sample => ({ name: 'sales', value, t: now - minutes * MINUTE_MS });
  let hub = await startHub(scope, { env: FRESH });
  const again = (env: Record<string, string> = {}) => startHub(scope, { env: { ...FRESH, ...env }, dataDir: hub.dataDir });
  await ingest(hub.url, [ago(10, 3), ago(1_000, 1), ago(300, 2)]);
  const sales = (aggregate = 'last') => valuesOf(hub.url, { ...day, aggregate });
  await waitFor(async () => (await sales()).sales?.length === 3);
  hub.signal('SIGKILL');
  await hub.exited;

  hub = await again();
  expect(await sales()).toEqual({ sales: [1, 2, 3] });
  await hub.stop();

  hub = await again({ ROOMCAST_METRICS_HISTORY_MESSAGES: '1' });
  await ingest(hub.url, [ago(5, 4)]);
  const kept = async () => (await get(`${hub.url}/api/rooms/${ROOM}/messages`)).body.messages;
  await waitFor(async () => (await sales()).sales?.length === 4);
  await waitFor(async () => (await kept()).length === 1, { what: 'the log to have dropped what is old' });
  expect(await sales()).toEqual({ sales: [1, 2, 3, 4] });
  expect(await sales('count')).toEqual({ sales: [1, 1, 1, 1] });
  const client = await connectClient(scope, hub.url);
  const { series } = await client.expectOk<RangeAnswer>('range', { room: ROOM, series: ['sal*'], ...day, aggregate: 'max' });
  expect(series.map(({ name, values }) => [name, values.filter(Boolean)])).toEqual([['sales', [1, 2, 3, 4]]]);
  expect(await client.ask('range', { room: ROOM, from: 1, to: 1e12, stepMs: 1 })).toMatchObject({ error: { code: 'too_large' } });
});

test('two instances that take one room’s samples both tell the whole, also after one was killed', async () => {
  const { hubs, redis } = await startCluster(scope, { instances: 2, env: FRESH });
  const [one, two] = hubs as [(typeof hubs)[0], (typeof hubs)[0]];
  const now = Date.now();
  for (let i = 0; i < 20; i++)
    await ingest(hubs[i % 2]!.url, [{ name: 'orders', value: i, t: now - 30_000 + i * 1_000, labels: { host: `${i % 2}` } }]);
  const query = { from: now - MINUTE_MS, to: now, stepMs: 2 * MINUTE_MS, by: '', aggregate: 'sum' };
  const isWhole = async (url: string) => (await valuesOf(url, query)).orders?.reduce((a, b) => a + b) === 190;
  await waitFor(() => isWhole(one.url), { what: 'all samples on the first' });
  await waitFor(() => isWhole(two.url), { what: 'all samples on the second' });
  one.signal('SIGKILL');
  await one.exited;
  await two.stop();
  expect(await isWhole((await startHub(scope, { env: { ...FRESH, REDIS_URL: redis.url } })).url)).toBe(true);
});

test('a Prometheus scrapes a room, in its own format and in OpenMetrics', async () => {
  const hub = await startHub(scope, { env: FRESH });
  await ingest(hub.url, [
    { name: 'sales_total', value: 12, labels: { shop: 'north "1"', 'point.of-sale': 'a\\b' } },
    { name: 'room temperature', value: -3.5 },
  ]);
  const path = `/api/metrics/${ROOM}`;
  const { text } = await waitFor(async () => {
    const answer = await get(`${hub.url}${path}`);
    return answer.text.includes('sales_total') ? answer : undefined;
  });
  const dir = await storageDir(scope);
  await writeFile(`${dir}/room.prom`, text);
  const check = await startChild('promtool', 'sh', ['-c', `promtool check metrics < ${dir}/room.prom`]);
  // It wants help texts and units in names, which nobody gave; what it cannot read is another error.
  expect((await check.exited).code).not.toBe(1);

  const port = await freePort();
  const target = {
    metrics_path: path,
    scrape_interval: '1s',
    honor_timestamps: true,
    static_configs: [{ targets: [new URL(hub.url).host] }],
  };
  await writeFile(`${dir}/prometheus.yml`, JSON.stringify({ scrape_configs: [{ job_name: 'room', ...target }] }));
  const args = [`--config.file=${dir}/prometheus.yml`, `--storage.tsdb.path=${dir}/data`, `--web.listen-address=127.0.0.1:${port}`];
  const prometheus = scope.defer(await startChild('prometheus', 'prometheus', args), (child) => child.stop());
  const ask = async (query: string) =>
    (await get(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`)).body.data.result;
  const [sales] = await waitFor(async () => ((await ask('sales_total')).length > 0 ? ask('sales_total') : undefined), {
    what: `a scraped value; ${prometheus.output()}`,
  });
  expect(sales.metric).toMatchObject({ shop: 'north "1"', point_of_sale: 'a\\b', job: 'room' });
  expect(sales.value[1]).toBe('12');
  expect((await ask('room_temperature'))[0].value[1]).toBe('-3.5');
});
