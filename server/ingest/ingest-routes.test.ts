import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from '@jest/globals';
import { HubError } from '../../shared/errors.js';
import { answerOf, closeIngestHubs, ingestHub, sender } from '../../test/support/ingest-hub.js';
import { parseRoomRule, SenderRooms } from './sender-rooms.js';

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

test('lines that belong together are one entry, by the rule of the room or of the request', async () => {
  const { post, texts } = await ingestHub({ routes: { multiline: (room) => (room === 'logs:b' ? 'off' : 'traces') } });
  const body = 'ERROR \u001b[31mit\u001b[0m failed\n    at f (x.js:1)\n    at g (x.js:2)\nlist:\n  one';
  await post('/api/ingest/logs:a', body);
  expect(texts()).toEqual(['ERROR it failed\n    at f (x.js:1)\n    at g (x.js:2)', 'list:', '  one']);
  await post('/api/ingest/logs:b', body);
  expect(texts('logs:b')).toHaveLength(5);
  await post('/api/ingest/logs:c?multiline=indented', body);
  expect(texts('logs:c').at(-1)).toBe('list:\n  one');
});

test('a request says level, source and time for the lines that name none', async () => {
  const { post, lines, samples, values } = await ingestHub();
  await post('/api/ingest/logs:a?level=warn&source=web-1&time=1700000000000', 'one\nERROR two\n{"msg":"three","source":"own","time":5}\n');
  expect(lines.get('logs:a')).toEqual([
    { text: 'one', time: 1_700_000_000_000, level: 'warn', source: 'web-1' },
    { text: 'ERROR two', time: 1_700_000_000_000, level: 'error', source: 'web-1' },
    { text: 'three', time: 5_000, level: 'warn', source: 'own' },
  ]);
  await post(`/api/ingest/metrics:a?time=${T}`, 'm f=1');
  await samples.flush();
  expect(values.get('metrics:a')?.get('m_f')).toEqual({ value: 1, t: T });
  for (const wish of ['level=loud', 'multiline=(a%2B)%2B%24', 'time=soon', 'source=a&source=b', `source=${'x'.repeat(300)}`])
    expect(await post(`/api/ingest/logs:a?${wish}`, 'x')).toMatchObject({ status: 400, json: { error: { code: 'invalid' } } });
});

test('a body with a key that comes again is stored once, also where the first time stored a part of it', async () => {
  const { post, texts, store } = await ingestHub();
  const body = Array.from({ length: 1_200 }, (_, i) => `line ${i}`).join('\n');
  const headers = { 'idempotency-key': '"run-7:1"' };
  expect(await post('/api/ingest/logs:a', body, headers)).toMatchObject({ status: 200, json: { accepted: 1_200 } });
  expect(await post('/api/ingest/logs:a', body, headers)).toMatchObject({ status: 200, json: { accepted: 1_200 } });
  expect(texts().join('\n')).toBe(body);
  store.failsAfter = 1;
  const part = { 'idempotency-key': 'run-7:2' };
  expect(await post('/api/ingest/logs:b', body, part)).toMatchObject({ status: 503, json: { error: { retry: 'later' } } });
  expect(texts('logs:b')).toHaveLength(500);
  store.failsAfter = undefined;
  await post('/api/ingest/logs:b', body, part);
  expect(texts('logs:b').join('\n')).toBe(body);
  await post('/api/ingest/logs:b', `${body}\none more`, part);
  expect(texts('logs:b').at(-1)).toBe('one more');
  const json = { ...headers, 'content-type': 'application/json' };
  for (const _ of 'ab') await post('/api/ingest/logs:c', '["a","b",{"text":"c"}]', json);
  expect(texts('logs:c')).toEqual(['a', 'b', 'c']);
  expect(await post('/api/ingest/logs:c', 'x', { 'idempotency-key': 'x'.repeat(300) })).toMatchObject({ status: 400 });
});

test('a key is its sender’s own; all guests are one sender', async () => {
  const [ada, bob, ...guests] = ['ada', 'bob', 'guest-1', 'guest-2'].map((id) => ({
    ...sender(['logs:*']),
    user: { id, name: id },
    guest: id.startsWith('guest'),
  }));
  let principal = ada!;
  const { post, texts } = await ingestHub({ routes: { authenticate: () => principal } });
  for (principal of [ada!, bob!, ada!]) await post('/api/ingest/logs:users', 'restart', { 'idempotency-key': '1' });
  expect(texts('logs:users')).toHaveLength(2);
  for (principal of guests) await post('/api/ingest/logs:guests', 'restart', { 'idempotency-key': '1' });
  expect(texts('logs:guests')).toHaveLength(1);
});

test.each(['POST', 'PUT'])('the lines of a %s that stays open go into the room as they come', async (method) => {
  const { open, texts, storedNext } = await ingestHub();
  const stream = open('/api/ingest/logs:a', {}, method);
  for (const text of ['one', 'Error: two\n    at f']) {
    const stored = storedNext();
    stream.write(`${text}\n`);
    await stored;
    expect(texts().at(-1)).toBe(text);
  }
  stream.end('three');
  expect(await answerOf(stream)).toMatchObject({ status: 200, json: { accepted: 3 } });
  expect(texts()).toEqual(['one', 'Error: two\n    at f', 'three']);
});

test('of a packed body of lines that breaks or bursts, the lines before the fault stay, and the answer counts them', async () => {
  const { post, texts } = await ingestHub({ routes: { bodyLimitBytes: 200_000 } });
  const packed = { 'content-encoding': 'gzip' };
  const lines = Array.from({ length: 3_000 }, (_, i) => `line ${i} ${Math.random()}`).join('\n');
  const whole = gzipSync(lines);
  const broken = await post('/api/ingest/logs:a', whole.subarray(0, whole.length - 2_000), packed);
  expect(broken).toMatchObject({ status: 400, json: { error: { code: 'invalid' }, refused: 0 } });
  expect(texts().length).toBe(broken.json.accepted);
  expect(lines.startsWith(texts().slice(0, -1).join('\n'))).toBe(true);
  const bomb = await post('/api/ingest/logs:b', gzipSync('x\n'.repeat(20_000_000)), packed);
  expect(bomb).toMatchObject({ status: 413, json: { error: { code: 'too_large' } } });
  expect(texts('logs:b').length).toBeLessThanOrEqual(100_001);
  expect(await post('/api/ingest/logs:b', 'not gzip', packed)).toMatchObject({ status: 400 });
});

test('binary junk is lines of text, whatever it is', async () => {
  const { post, lines, faults } = await ingestHub();
  const junk = Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 7_919 + (i >> 3)) % 256));
  const { status, json } = await post('/api/ingest/logs:a', junk, { 'content-type': 'application/octet-stream' });
  expect([status, json.refused, faults]).toEqual([200, 0, []]);
  expect(lines.get('logs:a')).toHaveLength(json.accepted);
});

test('the whole lines of a sender that goes away in the middle stay', async () => {
  const { open, texts, storedNext } = await ingestHub();
  const stream = open('/api/ingest/logs:a', {}, 'PUT');
  const stored = storedNext();
  stream.write('one\ntwo\nthr');
  await stored;
  expect(texts()[0]).toBe('one');
  const rest = texts().includes('two') ? Promise.resolve() : storedNext();
  stream.destroy();
  await rest;
  expect(texts()).toEqual(['one', 'two']);
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

test('a rule sends lines elsewhere than to their bucket, and not those that are posted to a room', async () => {
  const rooms = new SenderRooms([parseRoomRule('__name__=cpu->metrics:hosts')!]);
  const { post, values, samples } = await ingestHub({ service: { rooms } });
  expect((await post('/write?db=tele', 'cpu f=1\nmem f=2\n')).status).toBe(204);
  expect((await post('/api/ingest/metrics:own', 'cpu f=3\n', { 'content-type': 'text/plain' })).status).toBe(200);
  await samples.flush();
  expect([...values].map(([room, series]) => [room, [...series.keys()]])).toEqual([
    ['metrics:hosts', ['cpu_f']],
    ['metrics:tele', ['mem_f']],
    ['metrics:own', ['cpu_f']],
  ]);
});

test('a list of more items than are read in one turn is refused as a whole', async () => {
  const { post, lines, counts } = await ingestHub();
  const list = JSON.stringify(new Array(50_001).fill(0));
  for (const room of ['metrics:a', 'logs:a'])
    expect(await post(`/api/ingest/${room}`, list, { 'content-type': 'application/json' })).toMatchObject({
      status: 413,
      json: { error: { code: 'too_large', message: 'a list has at most 50000 items' } },
    });
  expect([lines.size, counts]).toEqual([0, {}]);
});
