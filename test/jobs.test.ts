import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { startChild } from '../server/cli/child.js';
import type { JobDetails, JobNews, JobState } from '../shared/protocol.js';
import { startCluster } from './support/cluster.js';
import { ROOT, storageDir, temporaryDir } from './support/files.js';
import { get, send } from './support/http.js';
import { type HubProcess, spawnHub, startHub } from './support/hub-process.js';
import { freePort } from './support/redis.js';
import { fileScope, testScope } from './support/scope.js';
import { connectClient, type StockClient } from './support/stock-client.js';
import { mintToken, SECRET } from './support/token.js';
import { waitFor } from './support/wait.js';
import { spawnWorker, startWorker } from './support/worker-process.js';

const scope = testScope();
const file = fileScope();
const OWN_HANDLERS = { ROOMCAST_JOB_HANDLERS: `${ROOT}test/support/jobs/handlers.mjs` };

const submit = (client: StockClient, name: string, input: unknown, key?: string) =>
  client.expectOk<JobState>('job:submit', { name, input, ...(key !== undefined && { key }) });
const ended = (client: StockClient, jobId: string, timeoutMs = 60_000) =>
  client.event<JobState>('job', (job) => job.jobId === jobId && ['done', 'failed', 'cancelled'].includes(job.state), timeoutMs);
const statesOf = (client: StockClient, jobId: string) => client.jobs.filter((job) => job.jobId === jobId);

/** Whatever the engine, a submitter sees the same. */
function behavesAsJobs(start: () => Promise<{ submitTo: string; watchOn: string }>): void {
  let submitTo: string;
  let watchOn: string;
  beforeAll(async () => {
    ({ submitTo, watchOn } = await start());
  });

  test('a job tells its submitter each state and its progress, and has one result, on any instance [P61] [P62] [P63]', async () => {
    const client = await connectClient(scope, submitTo);
    const job = await submit(client, 'count', { steps: 300, stepMs: 4, room: 'chat:counted' });
    expect(job).toMatchObject({ name: 'count', state: expect.stringMatching(/queued|active/), jobId: expect.any(String) });
    const done = await ended(client, job.jobId);
    expect(done).toMatchObject({ state: 'done', result: { counted: 300 } });

    // The instance that took it in tells that it is queued, the process that runs it all that follows: in order, but not after each other.
    const queued = await waitFor(() => statesOf(client, job.jobId).find(({ state }) => state === 'queued'), { what: 'its first state' });
    const states = statesOf(client, job.jobId).filter((state) => state !== queued);
    expect([queued, ...states].map(({ state }) => state).filter((state, at, all) => state !== all[at - 1])).toEqual([
      'queued',
      'active',
      'done',
    ]);
    const revisions = [queued, ...states].map(({ revision }) => revision);
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
    const steps = states.flatMap(({ progress }) => progress?.done ?? []);
    expect(steps.length).toBeGreaterThan(1);
    // Not each of them: as many as a viewer can follow.
    expect(steps.length).toBeLessThan(300);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));

    const elsewhere = await connectClient(scope, watchOn);
    expect(await elsewhere.ask('job:get', { jobId: job.jobId })).toMatchObject({ error: { code: 'unknown_job' } });
    const { messages } = await client.history('chat:counted');
    expect(messages).toMatchObject([{ type: 'begun' }, { type: 'counted', data: { steps: 300 } }]);
  });

  test('a job that reaches a room is told there, and followed by who reads it, on any instance [P141] [P142]', async () => {
    const [client, reader] = [await connectClient(scope, submitTo), await connectClient(scope, watchOn)];
    await reader.subscribe('chat:reached');
    const until = join(await temporaryDir(scope), 'seen');
    const job = await submit(client, 'count-for-room', { steps: 20, stepMs: 5, room: 'chat:reached', until });
    const news = () =>
      reader.of('chat:reached').flatMap(({ type, from, data }) => (type === 'job' ? [{ from: from.id, ...(data as JobNews) }] : []));
    await waitFor(() => news().length === 1);
    expect(news()[0]).toMatchObject({ from: 'hub', jobId: job.jobId, name: 'count-for-room', state: 'queued' });
    await reader.subscribe(`job:${job.jobId}`, { last: 500 });
    await reader.event<JobState>('job', ({ jobId, progress }) => jobId === job.jobId && progress !== undefined);
    expect(await reader.ask('job:cancel', { jobId: job.jobId })).toMatchObject({ error: { code: 'forbidden' } });
    await writeFile(until, '');
    expect(await ended(reader, job.jobId)).toMatchObject({ state: 'done' });
    expect(await reader.expectOk('job:get', { jobId: job.jobId })).toMatchObject({ state: 'done', result: { counted: 20 } });
    const barrier = await client.publish('chat:reached', { text: 'barrier' });
    await waitFor(() => reader.of('chat:reached').some(({ position }) => position === barrier.position));
    expect(news()).toEqual([
      expect.objectContaining({ state: 'queued' }),
      expect.objectContaining({ state: 'done', owner: news()[0]!.owner, result: { counted: 20 } }),
    ]);
    const refused = await client.ask('job:submit', { name: 'count-for-room', input: { steps: 1, stepMs: 0, room: 'logs:app' } });
    expect(refused).toMatchObject({ error: { code: 'forbidden' } });
  });

  test('its submitter goes on hearing of it after a reconnect to another instance', async () => {
    const auth = { guestKey: crypto.randomUUID().replaceAll('-', '') };
    const first = await connectClient(scope, submitTo, { auth, reconnection: false });
    const until = join(await temporaryDir(scope), 'there-again');
    const job = await submit(first, 'count', { steps: 20, stepMs: 5, room: 'chat:moved', until });
    await first.event<JobState>('job', ({ jobId, progress }) => jobId === job.jobId && progress !== undefined);
    first.socket.disconnect();
    const second = await connectClient(scope, watchOn, { auth });
    await second.subscribe(`job:${job.jobId}`, { last: 500 });
    await writeFile(until, '');
    expect(await ended(second, job.jobId)).toMatchObject({ state: 'done', result: { counted: 20 } });
  });

  test.each(['count', 'stubborn'])('a running job is cancelled and its thread is free again: %s', async (name) => {
    const client = await connectClient(scope, submitTo);
    const job = await submit(client, name, name === 'count' ? { steps: 1_000, stepMs: 50, room: 'chat:never' } : {});
    await client.event<JobState>('job', ({ jobId, state }) => jobId === job.jobId && state === 'active');
    await client.expectOk('job:cancel', { jobId: job.jobId });
    expect(await ended(client, job.jobId)).toMatchObject({ state: 'cancelled' });
    const next = await submit(client, 'count', { steps: 1, stepMs: 0, room: 'chat:next' });
    expect(await ended(client, next.jobId)).toMatchObject({ state: 'done' });
    expect(await client.expectOk('job:cancel', { jobId: job.jobId })).toMatchObject({ state: 'cancelled' });
  });

  test('submissions with one key are one run', async () => {
    const client = await connectClient(scope, submitTo);
    const input = { steps: 10, stepMs: 20, room: 'chat:keyed' };
    const runs = await Promise.all([1, 2, 3].map(() => submit(client, 'count', input, 'the-key')));
    expect(new Set(runs.map(({ jobId }) => jobId)).size).toBe(1);
    await ended(client, runs[0]!.jobId);
    expect((await submit(client, 'count', input, 'the-key')).jobId).toBe(runs[0]!.jobId);
    expect((await submit(client, 'count', input, 'another')).jobId).not.toBe(runs[0]!.jobId);
  });

  test('a job that fails is tried as often as it may, and its fault stays inside [P22]', async () => {
    const client = await connectClient(scope, submitTo);
    const job = await submit(client, 'fails', {});
    const failed = await ended(client, job.jobId);
    expect(failed).toMatchObject({ state: 'failed', error: { code: expect.any(String) } });
    expect(JSON.stringify(failed)).not.toContain('inner workings');
    const { failures } = await client.expectOk<JobDetails>('job:details', { jobId: job.jobId });
    expect(failures.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(JSON.stringify(failures)).not.toContain('inner workings');
  });

  test('jobs over HTTP: submitted, looked at, fetched, cancelled [P86] [P87]', async () => {
    const guest = { 'x-guest-key': 'abcdefghij0123456789' };
    const posted = await send('POST', `${submitTo}/api/jobs/count`, { input: { steps: 2, stepMs: 5, room: 'chat:http' } }, guest);
    expect(posted).toMatchObject({ status: 202, body: { name: 'count' } });
    const url = `${watchOn}${posted.headers.get('location')}`;
    await waitFor(async () => (await get(url, guest)).body.state === 'done', { what: 'the job to be done' });
    expect((await get(`${url}/result`, guest)).body).toEqual({ counted: 2 });
    expect((await get(url)).status).toBe(404);

    const long = await send('POST', `${submitTo}/api/jobs/count`, { input: { steps: 1_000, stepMs: 50, room: 'chat:http' } }, guest);
    const longUrl = `${watchOn}${long.headers.get('location')}`;
    expect((await send('DELETE', longUrl, undefined, guest)).status).toBe(200);
    await waitFor(async () => (await get(longUrl, guest)).body.state === 'cancelled');
    expect(await send('POST', `${submitTo}/api/jobs/none`, { input: {} }, guest)).toMatchObject({
      status: 404,
      body: { error: { code: 'unknown_job' } },
    });
    expect(await send('POST', `${submitTo}/api/jobs/count`, { input: { steps: 'two' } }, guest)).toMatchObject({ status: 400 });
  });

  test('the search finds over all of a history, the export holds all of it, the roll-up sums a metric up', async () => {
    const client = await connectClient(scope, submitTo);
    for (let n = 0; n < 150; n++) await client.publish('chat:work', { text: n % 50 === 7 ? `the Café no. ${n}` : `filler ${n}` });

    const search = await submit(client, 'search', { room: 'chat:work', query: 'cafe' });
    const { result } = (await ended(client, search.jobId)) as { result: { hits: { position: string }[]; scanned: number } };
    expect(result.hits.map(({ position }) => Number(position.split(':')[1])).sort((a, b) => a - b)).toEqual([8, 58, 108]);

    for (const [format, lines] of [
      [
        'ndjson',
        (text: string) =>
          text
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line)).length,
      ],
      ['csv', (text: string) => text.trim().split('\n').length - 1],
      ['html', (text: string) => (text.match(/filler|Café/g) ?? []).length],
    ] as const) {
      const guest = { 'x-guest-key': 'exporter0123456789' };
      const posted = await send('POST', `${submitTo}/api/jobs/export`, { input: { room: 'chat:work', format } }, guest);
      const url = `${watchOn}${posted.headers.get('location')}`;
      const job = await waitFor(async () => (({ body }) => (body.state === 'done' ? body : undefined))(await get(url, guest)));
      expect(job.result).toMatchObject({ messages: 150 });
      const download = await get(`${url}/result`, guest);
      expect({ format, lines: lines(download.text) }).toEqual({ format, lines: 150 });
      expect(await get(`${url}/result`, { ...guest, range: 'bytes=0-9' })).toMatchObject({ status: 206, text: download.text.slice(0, 10) });
      expect((await get(`${url}/result`)).status).toBe(404);
    }

    const samples = Array.from({ length: 100 }, (_, n) => ({ name: 'latency', value: n + 1, t: Date.now() - 10_000 + n }));
    await send('POST', `${submitTo}/api/ingest/metrics:rolled`, samples);
    await waitFor(async () => (await client.subscribe('metrics:rolled')).metrics!.names.length === 1);
    const rollup = await submit(client, 'rollup', { room: 'metrics:rolled', series: 'latency' });
    const summed = (await ended(client, rollup.jobId)) as { result: { series: { series: string }[] } };
    expect(summed.result.series).toMatchObject([{ series: 'latency' }]);
  });
}

describe('embedded', () => {
  let hub: HubProcess;
  behavesAsJobs(async () => {
    hub = await startHub(file, { env: { ...OWN_HANDLERS, ROOMCAST_LIMITS: 'off' } });
    return { submitTo: hub.url, watchOn: hub.url };
  });

  test('a full queue says that it is busy, and for how long', async () => {
    const small = await startHub(scope, { env: { ...OWN_HANDLERS, ROOMCAST_JOB_QUEUE_MAX: '4', ROOMCAST_JOB_THREADS: '1' } });
    const clients = await Promise.all([1, 2, 3].map(() => connectClient(scope, small.url)));
    const asks = clients.flatMap((client) =>
      Array.from({ length: 4 }, () => client.ask('job:submit', { name: 'count', input: { steps: 100, stepMs: 50, room: 'chat:x' } })),
    );
    const refused = (await Promise.all(asks)).filter(({ ok }) => !ok);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused)
      expect(answer).toMatchObject({ error: { code: 'busy', retry: 'later', retryAfterMs: expect.any(Number) } });
  });

  test('a job that was queued or running when the hub was killed runs to its end after the next start', async () => {
    const first = await startHub(scope, { env: OWN_HANDLERS });
    const auth = { guestKey: 'survivor0123456789' };
    const client = await connectClient(scope, first.url, { auth, reconnection: false });
    const job = await submit(client, 'count', { steps: 20, stepMs: 50, room: 'chat:survived' });
    await client.event<JobState>('job', ({ jobId, progress }) => jobId === job.jobId && progress !== undefined);
    first.signal('SIGKILL');
    await first.exited;
    const second = await startHub(scope, { dataDir: first.dataDir, env: OWN_HANDLERS });
    const again = await connectClient(scope, second.url, { auth });
    await waitFor(async () => (await again.expectOk<JobState>('job:get', { jobId: job.jobId })).state === 'done');
    expect((await again.history('chat:survived')).messages.map(({ type }) => type)).toEqual(['begun', 'counted']);
  });

  test('a job that kills its process each time ends among the dead letters, and the hub lives on', async () => {
    const first = await startHub(scope, { env: OWN_HANDLERS });
    const auth = { guestKey: 'poisoner0123456789' };
    const client = await connectClient(scope, first.url, { auth, reconnection: false });
    const { jobId } = await submit(client, 'poison', {});
    expect(await first.exited).toMatchObject({ signal: 'SIGKILL' });
    for (let start = 2; start <= 3; start++) {
      const { hub } = await spawnHub(scope, { dataDir: first.dataDir, env: OWN_HANDLERS });
      expect(await hub.exited).toMatchObject({ signal: 'SIGKILL' });
    }
    const living = await startHub(scope, { dataDir: first.dataDir, env: OWN_HANDLERS });
    const guest = { 'x-guest-key': auth.guestKey };
    const { body } = await get(`${living.url}/api/jobs?state=failed`, guest);
    expect(body.jobs).toMatchObject([{ jobId, state: 'failed', error: { code: 'internal' } }]);
    expect((await get(`${living.url}/api/jobs/${jobId}/details`, guest)).body).toMatchObject({ crashes: 3, attempts: 100 });
    const next = await connectClient(scope, living.url, { auth });
    const healthy = await submit(next, 'count', { steps: 1, stepMs: 0, room: 'chat:healthy' });
    expect(await ended(next, healthy.jobId)).toMatchObject({ state: 'done' });
  });

  test('the end of a job whose process was killed before it told it is told by the next one [P65]', async () => {
    const { dataDir, jobId } = await killedBeforeTelling();
    const next = await startHub(scope, { dataDir, env: { ROOMCAST_TOKEN_SECRET: SECRET } });
    const client = await connectClient(scope, next.url, { auth: { token: await mintToken({}, { sub: 'ann' }) } });
    const { messages } = await client.subscribe(`job:${jobId}`, { last: 10 });
    const told = () => [...messages.map(({ data }) => data as JobState), ...client.jobs];
    await waitFor(() => told().length > 0, { what: 'the end of the job' });
    expect(told()).toMatchObject([{ jobId, state: 'done', result: 'on disk' }]);
  });
});

/** What is on disk when a process is killed there. */
async function killedBeforeTelling(): Promise<{ dataDir: string; jobId: string }> {
  const dataDir = await storageDir(scope);
  const script = `${ROOT}test/support/jobs/killed-before-telling.mjs`;
  const child = scope.defer(await startChild('queue', process.execPath, [script, `${dataDir}/jobs`]), (started) => started.stop());
  expect(await child.exited).toMatchObject({ signal: 'SIGKILL' });
  return { dataDir, jobId: child.output().trim() };
}

describe('with Redis and workers', () => {
  behavesAsJobs(async () => {
    const { redis, hubs } = await startCluster(file, {
      instances: 2,
      env: { ...OWN_HANDLERS, ROOMCAST_LIMITS: 'off', ROOMCAST_JOBS_IN_SERVER: 'off' },
    });
    for (let n = 0; n < 2; n++) await startWorker(file, { redisUrl: redis.url, env: OWN_HANDLERS });
    return { submitTo: hubs[0]!.url, watchOn: hubs[1]!.url };
  });

  test('a job whose worker is killed runs to its end elsewhere: one end is seen, its effect once [P65]', async () => {
    const { redis, hubs } = await startCluster(scope, { instances: 1, env: { ...OWN_HANDLERS, ROOMCAST_JOBS_IN_SERVER: 'off' } });
    const env = { ...OWN_HANDLERS, ROOMCAST_JOB_LEASE_MS: '2000' };
    const doomed = await startWorker(scope, { redisUrl: redis.url, env });
    const client = await connectClient(scope, hubs[0]!.url);
    const job = await submit(client, 'count', { steps: 30, stepMs: 50, room: 'chat:once' });
    await client.event<JobState>('job', ({ jobId, progress }) => jobId === job.jobId && progress !== undefined);
    doomed.signal('SIGKILL');
    await doomed.exited;
    await startWorker(scope, { redisUrl: redis.url, env });
    expect(await ended(client, job.jobId)).toMatchObject({ state: 'done', result: { counted: 30 } });
    expect(statesOf(client, job.jobId).filter(({ state }) => state === 'done')).toHaveLength(1);
    expect((await client.history('chat:once')).messages.map(({ type }) => type)).toEqual(['begun', 'counted']);
  });

  test('a job that kills each worker that takes it ends among the dead letters, and the next worker lives on', async () => {
    const { redis, hubs } = await startCluster(scope, { instances: 1, env: { ...OWN_HANDLERS, ROOMCAST_JOBS_IN_SERVER: 'off' } });
    const env = { ...OWN_HANDLERS, ROOMCAST_JOB_LEASE_MS: '1000' };
    const auth = { guestKey: 'poisoner0123456789' };
    const client = await connectClient(scope, hubs[0]!.url, { auth });
    const { jobId } = await submit(client, 'poison', {});
    // As a supervisor does: one that ended is started again.
    for (let start = 1; start <= 3; start++) {
      const doomed = await spawnWorker(scope, { redisUrl: redis.url, env });
      expect(await doomed.exited).toMatchObject({ signal: 'SIGKILL' });
    }
    await startWorker(scope, { redisUrl: redis.url, env });
    expect(await ended(client, jobId)).toMatchObject({ state: 'failed', error: { code: 'internal' } });
    const guest = { 'x-guest-key': auth.guestKey };
    expect((await get(`${hubs[0]!.url}/api/jobs?state=failed`, guest)).body.jobs).toMatchObject([{ jobId, state: 'failed' }]);
    expect((await get(`${hubs[0]!.url}/api/jobs/${jobId}/details`, guest)).body).toMatchObject({ crashes: 3, attempts: 100 });
    const healthy = await submit(client, 'count', { steps: 1, stepMs: 0, room: 'chat:healthy' });
    expect(await ended(client, healthy.jobId)).toMatchObject({ state: 'done' });
  });

  test('a worker tells what it does, and when it is told to stop gives its job to another, and ends without an error', async () => {
    const { redis, hubs } = await startCluster(scope, { instances: 1, env: { ...OWN_HANDLERS, ROOMCAST_JOBS_IN_SERVER: 'off' } });
    const port = String(await freePort());
    const env = { ...OWN_HANDLERS, ROOMCAST_DRAIN_MS: '100', ROOMCAST_WORKER_PORT: port };
    const leaving = await startWorker(scope, { redisUrl: redis.url, env });
    const client = await connectClient(scope, hubs[0]!.url);
    const until = join(await temporaryDir(scope), 'looked-at');
    const job = await submit(client, 'count', { steps: 10, stepMs: 50, room: 'chat:handed', until });
    await client.event<JobState>('job', ({ jobId, progress }) => jobId === job.jobId && progress !== undefined);
    expect((await get(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    const page = (await get(`http://127.0.0.1:${port}/metrics`)).text;
    expect(page).toContain('roomcast_job_threads_busy 1\n');
    expect(page).toContain('roomcast_job_handler_active{name="count"} 1\n');
    await startWorker(scope, { redisUrl: redis.url, env: OWN_HANDLERS });
    leaving.signal('SIGTERM');
    expect(await leaving.exited).toEqual({ code: 0, signal: null });
    await writeFile(until, '');
    expect(await ended(client, job.jobId)).toMatchObject({ state: 'done' });
    expect((await client.history('chat:handed')).messages.map(({ type }) => type)).toEqual(['begun', 'counted']);
  });
});
