import { describe, expect, test } from '@jest/globals';
import { HubError } from '../../shared/errors.js';
import type { JobState } from '../../shared/protocol.js';
import { testScope } from '../../test/support/scope.js';
import { SmallHub } from '../../test/support/small-hub.js';
import { waitFor } from '../../test/support/wait.js';
import type { Hub } from './api.js';
import { connect, JobError } from './roomcast.js';

const scope = testScope();

async function start(): Promise<{ server: SmallHub; hub: Hub }> {
  const server = scope.defer(new SmallHub(), (started) => started.close());
  const url = await server.listen();
  const io = { reconnectionDelay: 5, reconnectionDelayMax: 20 };
  const hub = scope.defer(connect(url, { answerTimeoutMs: 200, io }), (opened) => opened.close());
  return { server, hub };
}

const submitted = (server: SmallHub) => waitFor(() => [...server.jobs.keys()][0]);
const followed = (server: SmallHub, jobId: string) =>
  waitFor(() =>
    server.requests.some(({ event, payload }) => event === 'subscribe' && (payload as { room: string }).room === `job:${jobId}`),
  );

test('a job is run to its result, its progress told on the way', async () => {
  const { server, hub } = await start();
  const progress: number[] = [];
  const result = hub.run<{ hits: number }>('search', { text: 'x' }, { onProgress: ({ done }) => progress.push(done) });
  const jobId = await submitted(server);
  await followed(server, jobId);
  server.setJob({ jobId, state: 'active', progress: { done: 0.5 } });
  server.setJob({ jobId, state: 'active', progress: { done: 1 } });
  server.setJob({ jobId, state: 'done', result: { hits: 3 } });
  expect(await result).toEqual({ hits: 3 });
  expect(progress).toEqual([0.5, 1]);
  await waitFor(() => server.requests.some(({ event }) => event === 'unsubscribe'));
});

test('an end that came while away is found after the reconnect', async () => {
  const { server, hub } = await start();
  const result = hub.run('search', {});
  const jobId = await submitted(server);
  await followed(server, jobId);
  await server.whileAway(() => {
    server.setJob({ jobId, state: 'active' });
    server.setJob({ jobId, state: 'done', result: 7 });
  });
  expect(await result).toBe(7);
});

test('[P110] a job that failed and was run again while away is followed to its new end', async () => {
  const { server, hub } = await start();
  const result = hub.run('search', {});
  const jobId = await submitted(server);
  await followed(server, jobId);
  await server.whileAway(() => {
    server.setJob({ jobId, state: 'failed' });
    server.setJob({ jobId, state: 'queued' });
  });
  await waitFor(() => server.requests.filter(({ event }) => event === 'subscribe').length > 1);
  server.setJob({ jobId, state: 'done', result: 7 });
  expect(await result).toBe(7);
});

test('a job whose room was forgotten is asked for itself', async () => {
  const { server, hub } = await start();
  const result = hub.run('search', {});
  const jobId = await submitted(server);
  await followed(server, jobId);
  await server.whileAway(() => {
    server.setJob({ jobId, state: 'done', result: 7 });
    server.reset(`job:${jobId}`);
  });
  expect(await result).toBe(7);
});

test('a submission whose answer was lost runs one job', async () => {
  const { server, hub } = await start();
  server.fail('job:submit', 'lose-answer');
  server.fail('job:submit', 'refuse', new HubError('busy', undefined, 1));
  const result = hub.run('search', {});
  await waitFor(() => server.requests.filter(({ event }) => event === 'job:submit').length === 3);
  expect(server.jobs.size).toBe(1);
  server.setJob({ jobId: [...server.jobs.keys()][0]!, state: 'done', result: 'once' });
  expect(await result).toBe('once');
  await hub.submit('search', {});
  expect(server.jobs.size).toBe(2);
});

test('a job that failed or was cancelled rejects with its state', async () => {
  const { server, hub } = await start();
  const failed = hub.run('search', {}, { key: 'a' });
  const cancelled = hub.run('search', {}, { key: 'b' });
  const seen = Promise.allSettled([failed, cancelled]);
  await waitFor(() => server.jobs.size === 2);
  server.setJob({ jobId: 'search-a', state: 'failed', error: { code: 'no_index', message: 'there is no index' } });
  server.setJob({ jobId: 'search-b', state: 'cancelled' });
  expect((await seen).map((end) => end.status === 'rejected' && end.reason)).toMatchObject([
    { name: 'JobError', code: 'no_index', message: 'there is no index' },
    { name: 'JobError', code: 'cancelled' },
  ]);
  await expect(failed).rejects.toBeInstanceOf(JobError);
});

test('aborting cancels the job and rejects with the reason, also before there is a connection', async () => {
  const { server, hub } = await start();
  const running = new AbortController();
  const result = hub.run('search', {}, { signal: running.signal, key: 'a' });
  await submitted(server);
  await followed(server, 'search-a');
  running.abort(new Error('enough'));
  await expect(result).rejects.toThrow('enough');
  await waitFor(() => server.jobs.get('search-a')?.state === 'cancelled');

  const away = scope.defer(connect('http://127.0.0.1:9'), (opened) => opened.close());
  const early = new AbortController();
  const never = away.run('search', {}, { signal: early.signal });
  early.abort(new Error('never mind'));
  await expect(never).rejects.toThrow('never mind');
  await expect(hub.run('search', {}, { signal: early.signal })).rejects.toThrow('never mind');
});

test('an unknown or foreign job rejects', async () => {
  const { server, hub } = await start();
  await expect(hub.job('nothing').done).rejects.toMatchObject({ code: 'unknown_job' });
  server.fail('subscribe', 'refuse', new HubError('forbidden'));
  await expect(hub.job('foreign').done).rejects.toMatchObject({ code: 'forbidden' });
});

test('a handle follows, cancels and lets go', async () => {
  const { server, hub } = await start();
  const job = await hub.submit('export', {}, { key: 'k' });
  const seen: string[] = [];
  job.onState(({ state }) => seen.push(state));
  await followed(server, job.id);
  server.setJob({ jobId: job.id, state: 'active' });
  await waitFor(() => seen.length === 1);
  expect((await job.cancel()).state).toBe('cancelled');
  await expect(job.done).rejects.toMatchObject({ code: 'cancelled' });
  expect(seen).toEqual(['active', 'cancelled']);

  const other = await hub.submit('export', {}, { key: 'other' });
  other.leave();
  await expect(other.done).rejects.toMatchObject({ code: 'closing' });
  expect(server.jobs.get(other.id)?.state).toBe('queued');
});

describe('a job that failed', () => {
  const asked = (server: SmallHub, event: string) => server.requests.filter((request) => request.event === event).length;
  async function failed(given: { server: SmallHub; hub: Hub }, key: string, listener?: (state: JobState) => void) {
    const job = await given.hub.submit('export', {}, { key });
    if (listener) job.onState(listener);
    await followed(given.server, job.id);
    given.server.setJob({ jobId: job.id, state: 'failed' });
    await expect(job.done).rejects.toMatchObject({ code: 'failed' });
    return job;
  }

  test('[P138] is followed on while somebody listens: run again elsewhere, it has a new end', async () => {
    const { server, hub } = await start();
    const seen: string[] = [];
    const job = await failed({ server, hub }, 'k', ({ state }) => seen.push(state));
    server.setJob({ jobId: job.id, state: 'queued' });
    await waitFor(() => seen.includes('queued'));
    const again = job.done;
    server.setJob({ jobId: job.id, state: 'done', result: 7 });
    expect(await again).toBe(7);
    expect(seen).toEqual(['failed', 'queued', 'done']);
    await waitFor(() => asked(server, 'unsubscribe') === 1);
  });

  test('is left where nobody listens, or no longer, and followed again by who listens then', async () => {
    const { server, hub } = await start();
    const job = await failed({ server, hub }, 'k');
    await waitFor(() => asked(server, 'unsubscribe') === 1);
    const off = job.onState(() => {});
    await waitFor(() => asked(server, 'subscribe') === 2);
    off();
    await waitFor(() => asked(server, 'unsubscribe') === 2);
    const run = hub.run('export', {}, { key: 'run', onProgress: () => {} });
    await followed(server, 'export-run');
    server.setJob({ jobId: 'export-run', state: 'failed' });
    await expect(run).rejects.toMatchObject({ code: 'failed' });
    await waitFor(() => asked(server, 'unsubscribe') === 3);
  });

  test('[P137] is listed, looked into and run again, and its new end is waited for', async () => {
    const { server, hub } = await start();
    const job = await failed({ server, hub }, 'k');
    await hub.submit('export', {}, { key: 'other' });
    expect((await hub.jobs()).map(({ jobId }) => jobId)).toEqual(['export-k', 'export-other']);
    expect((await hub.jobs({ state: 'failed' })).map(({ jobId }) => jobId)).toEqual(['export-k']);
    expect(await job.details()).toMatchObject({ job: { jobId: 'export-k', state: 'failed' }, failures: [] });
    expect(await job.retry()).toMatchObject({ state: 'queued' });
    const end = job.done;
    await waitFor(() => asked(server, 'subscribe') === 3);
    server.setJob({ jobId: job.id, state: 'done', result: 'in the end' });
    expect(await end).toBe('in the end');
    await expect(job.retry()).rejects.toMatchObject({ name: 'HubError', code: 'invalid' });
  });

  test('[P137] is discarded and left; a refusal is an error with its code, and nothing is asked twice', async () => {
    const { server, hub } = await start();
    const job = await failed({ server, hub }, 'k', () => {});
    server.fail('job:retry', 'refuse', new HubError('busy', 'full', 1));
    await expect(job.retry()).rejects.toMatchObject({ name: 'HubError', code: 'busy', retryAfterMs: 1 });
    expect(asked(server, 'job:retry')).toBe(1);
    await job.discard();
    await waitFor(() => asked(server, 'unsubscribe') === 1);
    await expect(job.discard()).rejects.toMatchObject({ name: 'HubError', code: 'unknown_job' });
    await expect(job.details()).rejects.toMatchObject({ name: 'HubError', code: 'unknown_job' });
    expect(asked(server, 'job:discard')).toBe(2);
  });
});
