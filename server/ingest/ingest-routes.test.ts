import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from '@jest/globals';
import { HubError } from '../../shared/errors.js';
import { answerOf, closeIngestHubs, ingestHub, sender } from '../../test/support/ingest-hub.js';

afterEach(closeIngestHubs);

const T = Math.floor(Date.now() / 1_000) * 1_000;

test('JSON, NDJSON and Influx lines become samples of a metric room', async () => {
  const { post, values, samples, counts } = await ingestHub();
  const sample = (name: string, value: number) => ({ name, labels: { host: 'h' }, value, t: T });
  expect(
    await post('/api/ingest/metrics:a', JSON.stringify([sample('x', 1), sample('y', 2)]), { 'content-type': 'application/json' }),
  ).toMatchObject({
    status: 200,
    json: { accepted: 2, refused: 0, errors: [] },
  });
  await post('/api/ingest/metrics:a', `${JSON.stringify(sample('z', 3))}\n\nm,host=h f=4 ${T}000000\n`, {
    'content-type': 'application/x-ndjson',
  });
  await post('/api/ingest/metrics:a', JSON.stringify(sample('w', 5)), { 'content-type': 'application/json' });
  await samples.flush();
  const series = ['x', 'y', 'z', 'm_f', 'w'].map((name, i): [string, unknown] => [`${name}{host="h"}`, { value: i + 1, t: T }]);
  expect([...(values.get('metrics:a') ?? [])].sort()).toEqual(series.sort());
  expect(counts).toEqual({ 'samples accepted': 5 });
});

test('the good part of a body is taken, and what is refused is named by line', async () => {
  const { post, counts } = await ingestHub();
  const body = [
    '{"name":"a","value":1}',
    '{"name":"a"',
    '{"value":1}',
    'm f=nope',
    '{"name":"a","value":2,"t":12}',
    `{"name":"${'x'.repeat(300)}","value":1}`,
  ].join('\n');
  const { status, json } = await post('/api/ingest/metrics:a', body, { 'content-type': 'text/plain' });
  expect(status).toBe(200);
  expect(json).toMatchObject({ accepted: 1, refused: 5 });
  expect(json.errors.map(({ line, code }: { line: number; code: string }) => [line, code]).sort()).toEqual(
    [2, 3, 4, 5, 6].map((line) => [line, 'invalid']),
  );
  expect(counts).toEqual({ 'samples accepted': 1, 'samples invalid': 5 });
  const none = await post('/api/ingest/metrics:a', 'm f=nope', { 'content-type': 'text/plain' });
  expect(none).toMatchObject({ status: 400, json: { error: { code: 'invalid', retry: 'never' }, accepted: 0, refused: 1 } });
});

test('lines of text and JSON become lines of a log room, in order, stored when they are acknowledged', async () => {
  const { post, lines, texts } = await ingestHub();
  expect(
    await post('/api/ingest/logs:a', 'one\r\n\nERROR two\n{"msg":"three","level":"warn","id":3}', { 'content-type': 'text/plain' }),
  ).toMatchObject({
    status: 200,
    json: { accepted: 3, refused: 0 },
  });
  expect(lines.get('logs:a')).toMatchObject([
    { text: 'one' },
    { text: 'ERROR two', level: 'error' },
    { text: 'three', level: 'warn', fields: { id: 3 } },
  ]);
  await post('/api/ingest/logs:a', JSON.stringify([{ text: 'four' }, 'five']), { 'content-type': 'application/json' });
  expect(texts()).toEqual(['one', 'ERROR two', 'three', 'four', 'five']);
});

test('what cannot be read or must not come in has its error', async () => {
  const { post, faults } = await ingestHub({ routes: { bodyLimitBytes: 1_000 }, principal: sender(['metrics:a', 'logs:*', 'chat:*']) });
  const json = { 'content-type': 'application/json' };
  const code = async (path: string, body: string, headers: Record<string, string> = json) => {
    const answer = await post(path, body, headers);
    return [answer.status, answer.json.error?.code];
  };
  expect(await code('/api/ingest/metrics:b', '[]')).toEqual([403, 'forbidden']);
  expect(await code('/api/ingest/nope:b', '[]')).toEqual([400, 'unknown_kind']);
  expect(await code('/api/ingest/metrics', '[]')).toEqual([400, 'invalid']);
  expect(await code('/api/ingest/metrics:a', '{"name":')).toEqual([400, 'invalid']);
  expect(await code('/api/ingest/metrics:a', `"${'x'.repeat(2_000)}"`)).toEqual([413, 'too_large']);
  expect(await code('/api/ingest/metrics:a', '[1,null,"x",[]]')).toEqual([400, 'invalid']);
  expect(await code('/api/ingest/metrics:a', 'x', { 'content-type': 'image/png' })).toEqual([400, 'invalid']);
  expect(await code('/api/ingest/metrics:a', 'x', { 'content-type': 'text/plain', 'content-encoding': 'zstd' })).toEqual([400, 'invalid']);
  expect(
    await code('/api/ingest/logs:a', JSON.stringify([{ text: 'x', fields: JSON.parse(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`) }])),
  ).toEqual([400, 'too_deep']);
  expect(await code('/api/ingest/logs:a', '{"text":"x","a":{"__proto__":1}}')).toEqual([400, 'invalid']);
  expect(faults).toEqual([]);
});

test('a line that is too long is kept as its beginning in a log room, and refused in a metric room', async () => {
  const { post, lines } = await ingestHub({ service: { maxLineBytes: 1_000 } });
  expect((await post('/api/ingest/logs:a', `${'x'.repeat(5_000)}\nshort`)).json).toMatchObject({ accepted: 2, refused: 0 });
  expect(lines.get('logs:a')).toMatchObject([{ text: 'x'.repeat(936), fields: { cut: true } }, { text: 'short' }]);
  const { json } = await post('/api/ingest/metrics:a', `m f=1\nm,t=${'x'.repeat(5_000)} f=1\nm f=2`);
  expect(json).toMatchObject({ accepted: 2, refused: 1, errors: [{ line: 2, code: 'too_large' }] });
});

test('series past the limit of a room are refused by line, the others taken', async () => {
  const { post, counts } = await ingestHub();
  const body = Array.from({ length: 105 }, (_, i) => `m,i=${i} f=1`).join('\n');
  expect((await post('/api/ingest/metrics:a', body)).json).toMatchObject({
    accepted: 100,
    refused: 5,
    errors: [{ line: 101, code: 'too_large' }, {}, {}, {}, {}],
  });
  expect(counts).toEqual({ 'samples accepted': 100, 'samples too_large': 5 });
});

test('a store that stays away is told to the sender of lines, with when to come again', async () => {
  const { post, store } = await ingestHub();
  store.fails = 'unavailable';
  const answer = await post('/api/ingest/logs:a', 'x');
  expect(answer).toMatchObject({ status: 503, json: { error: { code: 'unavailable', retry: 'later' }, accepted: 0 } });
  expect(answer.headers.get('retry-after')).toBe('1');
  const stream = await ingestHub();
  stream.store.fails = 'unavailable';
  const open = stream.open('/api/ingest/logs:a', { 'content-type': 'text/plain' });
  open.write('x\n');
  expect(await answerOf(open)).toMatchObject({ status: 503, json: { error: { code: 'unavailable' } } });
});

test('a sender without a token is refused before its body is read', async () => {
  const authenticate = () => {
    throw new HubError('unauthorized');
  };
  const { open } = await ingestHub({ routes: { authenticate } });
  const stream = open('/api/v2/write?bucket=a');
  stream.write('m f=1\n');
  expect(await answerOf(stream)).toMatchObject({ status: 401, json: { code: 'unauthorized' } });
});

test('a fault of ours is reported, and told as no more than that', async () => {
  const fault = new TypeError('secret detail');
  const { post, faults } = await ingestHub({ routes: { authenticate: () => Promise.reject(fault) } });
  const answer = await post('/api/ingest/logs:a', 'x');
  expect(answer).toMatchObject({ status: 500, json: { error: { code: 'internal' } } });
  expect(JSON.stringify(answer.json)).not.toContain('secret');
  expect(faults).toEqual([fault]);
});

test.each(['/write?db=tele&precision=ms', '/api/v2/write?bucket=tele&org=o&precision=ms'])(
  '%s takes Influx lines as its clients send them',
  async (path) => {
    const { post, values, samples } = await ingestHub();
    const body = `# telegraf\nm,host=h f=1,s="two\nlines" ${T}\n\nm,host=h g=2i ${T}\n`;
    expect(await post(path, gzipSync(body), { 'content-encoding': 'gzip' })).toMatchObject({ status: 204, json: '' });
    await samples.flush();
    expect([...(values.get('metrics:tele') ?? [])]).toEqual([
      ['m_f{host="h"}', { value: 1, t: T }],
      ['m_g{host="h"}', { value: 2, t: T }],
    ]);
    const partial = await post(path, `m f=1 ${T}\nm f=x\nm f=2 5\n`);
    expect(partial).toMatchObject({ status: 400, json: { code: 'invalid' } });
    expect(partial.json.message).toMatch(/^partial write: line 2: .*; line 3: .* dropped=2$/);
  },
);

test("Influx' clients get its errors", async () => {
  const { post } = await ingestHub({ principal: sender(['metrics:a']) });
  expect(await post('/api/v2/write', 'm f=1')).toMatchObject({ status: 400, json: { code: 'invalid' } });
  expect(await post('/api/v2/write?bucket=a&precision=years', 'm f=1')).toMatchObject({ status: 400, json: { code: 'invalid' } });
  expect(await post('/api/v2/write?bucket=b', 'm f=1')).toMatchObject({ status: 403, json: { code: 'forbidden' } });
  expect(await post('/api/v2/write?bucket=a%20b', 'm f=1')).toMatchObject({ status: 400, json: { code: 'invalid' } });
  expect(await post('/write?db=a&db=b', 'm f=1')).toMatchObject({ status: 400, json: { code: 'invalid' } });
});
