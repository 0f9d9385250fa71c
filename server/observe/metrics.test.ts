import { expect, test } from '@jest/globals';
import { createEventLoopLag } from './event-loop-lag.js';
import { hubReadings } from './hub-readings.js';
import { createHubMetrics } from './metrics.js';

const lag = { read: () => ({ p50Ms: 1, p99Ms: 20, maxMs: 30 }) };

test('what is counted and what the sources say stands on the page', async () => {
  const metrics = createHubMetrics({ defaults: false, lag });
  metrics.published.inc({ kind: 'chat' }, 3);
  metrics.refused.inc({ code: 'invalid' });
  let asked = 0;
  metrics.watch({
    connections: () => ({ websocket: 4, sse: 1 }),
    jobs: async () => {
      asked++;
      const search = { queued: 2, active: 1, oldestQueuedMs: 1_500 };
      return { ...search, byName: { search, export: { queued: 0, active: 0, oldestQueuedMs: 0 } } };
    },
    jobThreads: () => ({ busy: 1, most: 3 }),
    cache: () => ({ entries: 2, bytes: 4_000 }),
    redisUp: () => false,
    disk: () => ({ freeBytes: 1_000, isLow: true }),
  });
  const page = await metrics.registry.metrics();
  for (const line of [
    'roomcast_messages_published_total{kind="chat"} 3',
    'roomcast_refused_total{code="invalid"} 1',
    'roomcast_connections{transport="websocket"} 4',
    'roomcast_connections{transport="sse"} 1',
    'roomcast_jobs_queued 2',
    'roomcast_jobs_oldest_queued_seconds 1.5',
    'roomcast_job_handler_queued{name="search"} 2',
    'roomcast_job_handler_queued{name="export"} 0',
    'roomcast_job_handler_active{name="search"} 1',
    'roomcast_job_handler_oldest_queued_seconds{name="search"} 1.5',
    'roomcast_job_threads 3',
    'roomcast_job_threads_busy 1',
    'roomcast_redis_up 0',
    'roomcast_disk_free_bytes 1000',
    'roomcast_disk_low 1',
    'roomcast_event_loop_lag_p99_seconds 0.02',
    'roomcast_cache_bytes 4000',
    'roomcast_cache_entries 2',
  ]) {
    expect(page.split('\n')).toContain(line);
  }
  expect(asked).toBe(1);
});

test('a source that fails leaves the other metrics readable', async () => {
  const metrics = createHubMetrics({ defaults: false, lag });
  const failing = () => {
    throw new Error('away');
  };
  metrics.watch({ jobs: failing, connections: failing, rooms: () => 7 });
  expect((await metrics.registry.metrics()).split('\n')).toContain('roomcast_rooms 7');
});

test('a hub without a data directory says nothing of the bytes free on a disk', async () => {
  const page = await createHubMetrics({ defaults: false, lag }).registry.metrics();
  expect(page).toContain('# TYPE roomcast_disk_free_bytes gauge');
  expect(page).not.toMatch(/^roomcast_disk_free_bytes /m);
});

test('names follow the conventions of Prometheus', async () => {
  const { registry } = createHubMetrics({ defaults: false, lag });
  for (const { name, type, help } of await registry.getMetricsAsJSON()) {
    expect(name).toMatch(/^roomcast_[a-z0-9_]+$/);
    expect(help).toMatch(/\.$/);
    expect(name.endsWith('_total')).toBe(String(type) === 'counter');
  }
});

test('two hubs in one process have registries of their own', () => {
  createHubMetrics({ lag });
  expect(() => createHubMetrics({ lag })).not.toThrow();
});

test("the hub's readings are totals over labels", async () => {
  const metrics = createHubMetrics({ defaults: false, lag });
  metrics.published.inc({ kind: 'chat' }, 3);
  metrics.published.inc({ kind: 'logs' }, 2);
  metrics.watch({ connections: () => ({ websocket: 4, sse: 1 }) });
  const { rates, levels } = hubReadings(metrics);
  expect(await rates.messages_published_per_second?.()).toBe(5);
  expect(await levels.connections?.()).toBe(5);
  expect(await levels.event_loop_lag_p99_ms?.()).toBe(20);
  for (const reading of Object.values({ ...rates, ...levels })) expect(Number.isFinite(await reading())).toBe(true);
});

test('a blocked event loop shows as lag, the same for all who read within a window', async () => {
  let time = 0;
  const meter = createEventLoopLag({ now: () => time });
  // The meter's own timer runs natively every 10 ms: let it run, block, let it run again.
  const turns = async (count: number) => {
    for (let i = 0; i < count; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  await turns(3);
  const until = performance.now() + 120;
  while (performance.now() < until);
  await turns(3);
  expect(meter.read()).toEqual({ p50Ms: 0, p99Ms: 0, maxMs: 0 });
  time = 1_000;
  const reading = meter.read();
  expect(reading.maxMs).toBeGreaterThan(90);
  expect(reading.p50Ms).toBeLessThan(reading.maxMs);
  expect(meter.read()).toBe(reading);
  meter.close();
});
