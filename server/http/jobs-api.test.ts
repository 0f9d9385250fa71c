import { expect, test } from '@jest/globals';
import { HubError } from '../../shared/errors.js';
import type { JobState } from '../../shared/protocol.js';
import { get, send } from '../../test/support/http.js';
import { startHttpApp } from '../../test/support/http-app.js';
import { testScope } from '../../test/support/scope.js';
import { waitFor } from '../../test/support/wait.js';
import type { ResultFile } from '../jobs/result-store.js';
import type { HttpJobs } from './jobs-api.js';

const scope = testScope();
const DONE: JobState = { jobId: 'j1', name: 'sum', state: 'done', revision: 3, createdAt: 1, result: { sum: 6 } };
const QUEUED: JobState = { jobId: 'j2', name: 'sum', state: 'queued', revision: 1, createdAt: 2 };

const DETAILS = { owner: 'alice', input: [1, 2, 3], attempt: 1, attempts: 2, timeoutMs: 1_000, crashes: 0, failures: [] };

/** Two jobs of alice's, as the job service would give them. */
function aliceJobs(overrides: Partial<HttpJobs> = {}): { jobs: HttpJobs; calls: unknown[] } {
  const calls: unknown[] = [];
  const find: HttpJobs['get'] = async (principal, jobId) => {
    const state = [DONE, QUEUED].find((job) => job.jobId === jobId);
    if (!state || principal.user.id !== 'alice') throw new HubError('unknown_job');
    return state;
  };
  const jobs: HttpJobs = {
    submit: async (principal, request) => {
      calls.push([principal.user.id, request]);
      return QUEUED;
    },
    get: find,
    cancel: async (principal, jobId) => ({ ...(await find(principal, jobId)), state: 'cancelled' }),
    inspect: async (principal, jobId) => ({ ...DETAILS, job: await find(principal, jobId) }),
    retry: async (principal, jobId) => ({ ...(await find(principal, jobId)), state: 'queued' }),
    discard: async (principal, jobId) => {
      await find(principal, jobId);
      calls.push(['discarded', jobId]);
    },
    list: async (principal, { state, limit }) =>
      principal.user.id === 'alice' ? [QUEUED, DONE].filter((job) => !state || job.state === state).slice(0, limit) : [],
    openResult: async (principal, jobId) => {
      await find(principal, jobId);
      return undefined;
    },
    ...overrides,
  };
  return { jobs, calls };
}

test('[P86] a submission is answered 202 with the state and where to look', async () => {
  const { jobs, calls } = aliceJobs();
  const { url } = await startHttpApp(scope, { jobs });
  const answer = await send('POST', `${url}/api/jobs/sum`, { input: [1, 2, 3], key: 'k' });
  expect([answer.status, answer.headers.get('location'), answer.body]).toEqual([202, '/api/jobs/j2', QUEUED]);
  await send('POST', `${url}/api/jobs/sum`, { input: 1 }, { 'idempotency-key': 'from-header' });
  expect(calls).toEqual([
    ['alice', { name: 'sum', input: [1, 2, 3], key: 'k' }],
    ['alice', { name: 'sum', input: 1, key: 'from-header' }],
  ]);
});

test('[P86] jobs are listed, looked at and cancelled by whoever they belong to', async () => {
  const { jobs } = aliceJobs();
  const { url } = await startHttpApp(scope, { jobs });
  expect((await get(`${url}/api/jobs?limit=1`)).body).toEqual({ jobs: [QUEUED] });
  expect((await get(`${url}/api/jobs/j1`)).body).toEqual(DONE);
  expect((await send('DELETE', `${url}/api/jobs/j2`)).body.state).toBe('cancelled');
  const bob = { authorization: 'Bearer bob' };
  expect((await get(`${url}/api/jobs`, bob)).body).toEqual({ jobs: [] });
  for (const answer of [
    await get(`${url}/api/jobs/j1`, bob),
    await get(`${url}/api/jobs/j1/result`, bob),
    await get(`${url}/api/jobs/none`),
  ]) {
    expect(answer).toMatchObject({ status: 404, body: { error: { code: 'unknown_job' } } });
  }
});

test('[P111] failed jobs are listed, looked into and run again by whoever they belong to', async () => {
  const { jobs } = aliceJobs();
  const { url } = await startHttpApp(scope, { jobs });
  expect((await get(`${url}/api/jobs?state=failed`)).body).toEqual({ jobs: [] });
  expect((await get(`${url}/api/jobs?state=queued`)).body.error.code).toBe('invalid');
  expect((await get(`${url}/api/jobs/j1/details`)).body).toEqual({ ...DETAILS, job: DONE });
  expect(await send('POST', `${url}/api/jobs/j1/retry`)).toMatchObject({ status: 202, body: { jobId: 'j1', state: 'queued' } });
  const bob = { authorization: 'Bearer bob' };
  for (const answer of [await get(`${url}/api/jobs/j1/details`, bob), await send('POST', `${url}/api/jobs/j1/retry`, undefined, bob)]) {
    expect(answer).toMatchObject({ status: 404, body: { error: { code: 'unknown_job' } } });
  }
});

test('[P59] bad submissions are refused, and a full queue says when to come back', async () => {
  const { jobs } = aliceJobs({ submit: async () => Promise.reject(new HubError('busy', undefined, 4_000)) });
  const { url } = await startHttpApp(scope, { jobs });
  const code = async (path: string, body: unknown) => (await send('POST', `${url}/api/jobs/${path}`, body)).body.error.code;
  expect(await code('sum', { more: 1, input: 1 })).toBe('invalid');
  expect(await code('x'.repeat(65), { input: 1 })).toBe('invalid');
  expect(await code('sum', { input: 'x'.repeat(70_000) })).toBe('too_large');
  const busy = await send('POST', `${url}/api/jobs/sum`, { input: 1 });
  expect([busy.status, busy.headers.get('retry-after')]).toEqual([503, '4']);
});

test('[P137] a dead letter is discarded by whoever it belongs to', async () => {
  const { jobs, calls } = aliceJobs();
  const { url } = await startHttpApp(scope, { jobs });
  expect(await send('POST', `${url}/api/jobs/j1/discard`)).toMatchObject({ status: 204, text: '' });
  expect(await send('POST', `${url}/api/jobs/none/discard`)).toMatchObject({ status: 404, body: { error: { code: 'unknown_job' } } });
  expect(calls).toEqual([['discarded', 'j1']]);
});

test('[P87] a result without a file is JSON; a job without a result has none', async () => {
  const { jobs } = aliceJobs();
  const { url } = await startHttpApp(scope, { jobs });
  expect((await get(`${url}/api/jobs/j1/result`)).body).toEqual({ sum: 6 });
  expect(await get(`${url}/api/jobs/j2/result`)).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
});

test('[P87] a result file that is not kept any more is not found', async () => {
  const { jobs } = aliceJobs();
  const result = { file: 'a.csv', bytes: 7, contentType: 'text/csv', messages: 1 };
  const { url } = await startHttpApp(scope, { jobs: { ...jobs, get: async () => ({ ...DONE, result }) } });
  expect(await get(`${url}/api/jobs/j1/result`)).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
});

const TEXT = 'one line\nand another\n'.repeat(10_000);

function file(read?: ResultFile['read']): ResultFile {
  const bytes = Buffer.from(TEXT);
  const slice: ResultFile['read'] = async function* ({ start, end } = { start: 0, end: bytes.length - 1 }) {
    for (let at = start; at <= end; at += 1_000) yield bytes.subarray(at, Math.min(at + 1_000, end + 1));
  };
  return { name: 'chat größe.csv', contentType: 'text/csv', bytes: bytes.length, version: 'v1', read: read ?? slice };
}

async function withFile(given = file()) {
  const { jobs } = aliceJobs({ openResult: async () => given });
  const hub = await startHttpApp(scope, { jobs });
  return { ...hub, result: `${hub.url}/api/jobs/j1/result` };
}

test('[P87] a result file is downloaded whole, under its name', async () => {
  const { result } = await withFile();
  const { status, headers, text } = await get(result);
  expect([status, text]).toEqual([200, TEXT]);
  expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
  expect(headers.get('content-length')).toBe(String(TEXT.length));
  expect(headers.get('content-disposition')).toContain("filename*=UTF-8''chat%20gr%C3%B6%C3%9Fe.csv");
  const again = { 'if-none-match': headers.get('etag')!, 'cache-control': 'max-age=0' };
  expect((await get(result, again)).status).toBe(304);
  expect(headers.get('content-security-policy')).toMatch(/default-src 'none'; sandbox/);
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  const head = await fetch(result, { method: 'HEAD' });
  expect([head.headers.get('content-length'), await head.text()]).toEqual([String(TEXT.length), '']);
});

test('[P87] ranges of a result file continue a download', async () => {
  const { result } = await withFile();
  const part = async (range: string, headers = {}) => {
    const answer = await get(result, { range, ...headers });
    return [answer.status, answer.headers.get('content-range'), answer.text];
  };
  const { length } = TEXT;
  expect(await part('bytes=4-7')).toEqual([206, `bytes 4-7/${length}`, 'line']);
  expect(await part('bytes=-8')).toEqual([206, `bytes ${length - 8}-${length - 1}/${length}`, 'another\n']);
  expect(await part(`bytes=${length - 8}-`)).toEqual([206, `bytes ${length - 8}-${length - 1}/${length}`, 'another\n']);
  expect(await part('bytes=0-0,5-6')).toEqual([200, null, TEXT]);
  expect(await part('lines=1-2')).toEqual([200, null, TEXT]);
  expect(await part('bytes=4-7', { 'if-range': '"another"' })).toEqual([200, null, TEXT]);
  const etag = (await get(result)).headers.get('etag')!;
  expect(await part('bytes=4-7', { 'if-range': etag })).toEqual([206, `bytes 4-7/${length}`, 'line']);
  const beyond = await get(result, { range: `bytes=${length}-` });
  expect([beyond.status, beyond.headers.get('content-range'), beyond.body.error.code]).toEqual([416, `bytes */${length}`, 'invalid']);
});

test('[P87] a download is not continued with another run of the job, also where that has as many bytes', async () => {
  let version = 'v1';
  const { jobs } = aliceJobs({ openResult: async () => ({ ...file(), version }) });
  const { url } = await startHttpApp(scope, { jobs });
  const etag = (await get(`${url}/api/jobs/j1/result`)).headers.get('etag')!;
  const rest = { range: 'bytes=4-7', 'if-range': etag };
  expect((await get(`${url}/api/jobs/j1/result`, rest)).status).toBe(206);
  version = 'v2';
  expect(await get(`${url}/api/jobs/j1/result`, rest)).toMatchObject({ status: 200, text: TEXT });
});

test.each([
  ['x"; filename="evil.exe', 'x%22%3B%20filename%3D%22evil.exe'],
  ['../../etc/passwd', 'passwd'],
  ['two\r\nSet-Cookie: a=b', 'two%0D%0ASet-Cookie%3A%20a%3Db'],
  ['%41.html', '%2541.html'],
  ['größe 😀.csv', 'gr%C3%B6%C3%9Fe%20%F0%9F%98%80.csv'],
])('[P87] the name of a download is a name and nothing else: %j', async (name, saved) => {
  const { result } = await withFile({ ...file(), name });
  const { status, headers } = await get(result);
  expect([status, headers.get('set-cookie')]).toEqual([200, null]);
  const disposition = headers.get('content-disposition')!;
  const [, plain = '', extended] =
    /^attachment; filename=("(?:[^"\\]|\\.)*"|[^\s";]+)(?:; filename\*=UTF-8''(\S+))?$/.exec(disposition) ?? [];
  expect([disposition, extended ?? encodeURIComponent(plain.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1'))]).toEqual([disposition, saved]);
});

test('an empty result file is an empty download', async () => {
  const { result } = await withFile({ ...file(), bytes: 0 });
  const { status, headers, text } = await get(result);
  expect([status, headers.get('content-length'), text]).toEqual([200, '0', '']);
});

test('a result file that breaks off shows as a broken download, and a reader that leaves ends the reading', async () => {
  let ended = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield Buffer.alloc(1_000);
    } finally {
      ended++;
    }
  }
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(1_000);
    throw new HubError('unavailable');
  }
  const cut = await withFile(file(broken));
  await expect(get(cut.result)).rejects.toThrow();
  const left = await withFile({ ...file(endless), bytes: 1_000_000_000 });
  const leave = new AbortController();
  const response = await fetch(left.result, { signal: leave.signal });
  await response.body!.getReader().read();
  leave.abort();
  await waitFor(() => ended === 1);
  expect(left.faults).toEqual([]);
});
