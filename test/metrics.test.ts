import { beforeAll, expect, test } from '@jest/globals';
import type { Frame, MetricSnapshot } from '../shared/protocol.js';
import { startCluster } from './support/cluster.js';
import { get } from './support/http.js';
import { type HubProcess, startHub } from './support/hub-process.js';
import { fileScope, testScope } from './support/scope.js';
import { connectClient, type StockClient } from './support/stock-client.js';
import { waitFor } from './support/wait.js';

const scope = testScope();
const file = fileScope();
let hub: HubProcess;
beforeAll(async () => {
  hub = await startHub(file);
});

/** What a viewer knows of a metric room from its subscription and frames: the newest value of each series, by name. */
class Viewer {
  readonly frames: Frame[] = [];
  private readonly names = new Map<number, string>();
  readonly latest = new Map<string, number>();

  constructor(client: StockClient, room: string, { names, latest }: MetricSnapshot) {
    for (const [number, name] of names.entries()) this.names.set(number, name);
    for (const [at, number] of latest.series.entries()) this.latest.set(this.names.get(number)!, latest.values[at]!);
    client.socket.on('frame', (frame) => {
      if (frame.room !== room) return;
      this.frames.push(frame);
      for (const [number, name] of Object.entries(frame.names ?? {})) this.names.set(Number(number), name);
      for (const [at, number] of frame.series.entries()) this.latest.set(this.names.get(number) ?? `unnamed ${number}`, frame.values[at]!);
    });
  }
}

async function watch(
  url: string,
  room: string,
  more: { maxHz?: number } = {},
): Promise<{ client: StockClient; viewer: Viewer; metrics: MetricSnapshot }> {
  const client = await connectClient(scope, url);
  const { metrics } = await client.subscribe(room, more);
  expect(metrics).toBeDefined();
  return { client, viewer: new Viewer(client, room, metrics!), metrics: metrics! };
}

const ingest = async (url: string, room: string, samples: unknown) => {
  const response = await fetch(`${url}/api/ingest/${room}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(samples),
  });
  expect(response.ok).toBe(true);
};

test('samples come to viewers as frames: names once, then numbers, the newest value of each series', async () => {
  const room = 'metrics:web';
  const { viewer, metrics } = await watch(hub.url, room);
  expect(metrics).toEqual({ names: [], latest: { series: [], t: [], values: [] }, backfill: [] });
  const cpu = (value: number) => ({ name: 'cpu', labels: { core: '0', host: 'a' }, value });
  const load = (value: number) => ({ name: 'load', value });
  for (let n = 2; n <= 50; n += 2) await ingest(hub.url, room, [cpu(n - 1), load(10 * n - 10), cpu(n), load(10 * n)]);
  await waitFor(() => viewer.latest.get('cpu{core="0",host="a"}') === 50 && viewer.latest.get('load') === 500, {
    what: 'the newest values',
  });
  expect(viewer.frames.length).toBeLessThan(50);
  const naming = viewer.frames.filter(({ names }) => names && Object.keys(names).length > 0);
  expect(naming.flatMap(({ names }) => Object.values(names!)).sort()).toEqual(['cpu{core="0",host="a"}', 'load']);
});

test('who comes later gets the latest values and the last minutes at once, and then goes on', async () => {
  const room = 'metrics:later';
  const first = await watch(hub.url, room);
  for (let n = 1; n <= 3; n++) {
    await ingest(hub.url, room, [{ name: 'temp', value: n }]);
    await waitFor(() => first.viewer.latest.get('temp') === n);
  }
  const { viewer, metrics } = await watch(hub.url, room);
  expect(viewer.latest).toEqual(new Map([['temp', 3]]));
  const temp = metrics.names.indexOf('temp');
  const past = metrics.backfill.flatMap(({ series, values }) => values.filter((_, at) => series[at] === temp));
  expect(past).toEqual(expect.arrayContaining([1, 2, 3]));
  await ingest(hub.url, room, [{ name: 'temp', value: 4 }]);
  await waitFor(() => viewer.latest.get('temp') === 4);
});

test('a viewer that asks for one frame a second gets no more, and ends with the newest value', async () => {
  const room = 'metrics:calm';
  const [eager, calm] = [await watch(hub.url, room), await watch(hub.url, room, { maxHz: 1 })];
  let n = 0;
  const isCalmer = async () => {
    await ingest(hub.url, room, [{ name: 'n', value: ++n }]);
    await waitFor(() => eager.viewer.latest.get('n') === n);
    return calm.viewer.frames.length > 0 && eager.viewer.frames.length - calm.viewer.frames.length >= 6;
  };
  await waitFor(isCalmer, { what: 'fewer frames for the calm one' });
  await waitFor(() => calm.viewer.latest.get('n') === n);
});

test.each(['/api/v2/write?bucket=influx&precision=s', '/write?db=influx'])(
  'line protocol of Influx clients is taken on %s',
  async (path) => {
    const { viewer } = await watch(hub.url, 'metrics:influx');
    const time = Math.floor(Date.now() / 1000);
    const precise = path.includes('precision');
    const stamp = precise ? String(time) : `${time}000000000`;
    const value = precise ? 64 : 65;
    const response = await fetch(`${hub.url}${path}`, { method: 'POST', body: `weather,place=roof temp=${value},wet=true ${stamp}\n` });
    expect(response.status).toBe(204);
    await waitFor(() =>
      [...viewer.latest].some(([name, found]) => name.includes('temp') && name.includes('place="roof"') && found === value),
    );
  },
);

test('log lines posted as they are come into their room', async () => {
  const client = await connectClient(scope, hub.url);
  await client.subscribe('logs:build');
  const response = await fetch(`${hub.url}/api/ingest/logs:build`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    body: 'first line\nsecond line ⚡\n',
  });
  expect(response.ok).toBe(true);
  const lines = () => client.of('logs:build').flatMap(({ data }) => (data as { lines: { text: string }[] }).lines.map(({ text }) => text));
  await waitFor(() => lines().length === 2);
  expect(lines()).toEqual(['first line', 'second line ⚡']);
});

test("this machine's and the hub's own numbers come by themselves, and so does the hub's log", async () => {
  const [host, own] = [await watch(hub.url, 'metrics:host'), await watch(hub.url, 'metrics:hub')];
  await waitFor(() => host.viewer.frames.length >= 2 && own.viewer.frames.length >= 2, { what: 'two frames of each' });
  const named = [...host.viewer.latest.keys()].join('\n');
  for (const what of [/cpu/i, /mem/i, /load/i, /net/i, /disk/i]) expect(named).toMatch(what);
  expect([...own.viewer.latest.keys()].join('\n')).toMatch(/lag/);
  const tail = await connectClient(scope, hub.url);
  const { messages } = await tail.subscribe('logs:hub', { last: 50 });
  expect(messages.length).toBeGreaterThan(0);
  expect(messages[0]).toMatchObject({ type: 'lines', data: { lines: [{ text: expect.any(String) }] } });
});

test('viewers on all instances see the same values, whichever took the samples', async () => {
  const { hubs } = await startCluster(scope, { instances: 2 });
  const viewers = await Promise.all(hubs.map(({ url }) => watch(url, 'metrics:shared')));
  for (let n = 0; n < 10; n++) await ingest(hubs[n % 2]!.url, 'metrics:shared', [{ name: `from-${n % 2}`, value: n }]);
  await waitFor(() => viewers.every(({ viewer }) => viewer.latest.get('from-0') === 8 && viewer.latest.get('from-1') === 9), {
    what: 'both values at both viewers',
  });
});

test('/metrics is what Prometheus reads: each sample of a declared metric, counters and gauges that move', async () => {
  const client = await connectClient(scope, hub.url);
  await client.subscribe('chat:counted');
  const read = async () => parseExposition(await get(`${hub.url}/metrics`));
  const before = await read();
  for (let n = 0; n < 5; n++) await client.publish('chat:counted', { text: 'x' });
  const after = await read();
  const published = (metrics: typeof before) => metrics.get('roomcast_messages_published_total{kind="chat"}') ?? 0;
  expect(published(after) - published(before)).toBe(5);
  expect(after.get('roomcast_connections{transport="websocket"}')).toBeGreaterThanOrEqual(1);
  expect(after.get('roomcast_subscriptions')).toBeGreaterThanOrEqual(1);
  expect(after.get('roomcast_publish_duration_seconds_count')).toBeGreaterThanOrEqual(5);
});

/** Prometheus' text format, strictly: a line that is none of it, or a sample whose metric was not declared, is an error. */
function parseExposition({ status, headers, text }: Awaited<ReturnType<typeof get>>): Map<string, number> {
  expect(status).toBe(200);
  expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const declared = new Map<string, string>();
  const samples = new Map<string, number>();
  for (const line of text.split('\n').filter(Boolean)) {
    const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line);
    if (type) declared.set(type[1]!, type[2]!);
    else if (!/^# HELP [a-zA-Z_:][a-zA-Z0-9_:]* \S/.test(line)) {
      const [, name = '', labels = '', value = ''] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+)$/.exec(line) ?? [];
      const family = name.replace(/_(bucket|sum|count)$/, '');
      expect({ line, declared: declared.has(name) || declared.has(family) }).toEqual({ line, declared: true });
      const number = Number(value.replace('Inf', 'Infinity'));
      expect({ line, number: Number.isNaN(number) && value !== 'NaN' ? 'none' : 'one' }).toEqual({ line, number: 'one' });
      samples.set(name + labels, number);
    }
  }
  return samples;
}
