import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compressSync } from 'snappy';
import { HubError } from '../../../shared/errors.js';
import { closeIngestHubs, ingestHub, sender } from '../../../test/support/ingest-hub.js';
import { lokiMessage, lokiPush } from '../../../test/support/loki.js';
import { parseRoomRule, SenderRooms } from '../sender-rooms.js';
import { parseLabels } from './push.js';

afterEach(closeIngestHubs);

const PUSH = '/loki/api/v1/push';
const JSON_TYPE = { 'content-type': 'application/json' };
const PROTOBUF = { 'content-type': 'application/x-protobuf' };
const T = Math.floor(Date.now() / 1_000) * 1_000 + 123;
const ns = (time: number) => `${time}000000`;
const json = (labels: Record<string, unknown>, values: readonly unknown[]) => JSON.stringify({ streams: [{ stream: labels, values }] });

const LINES = [
  { text: 'it runs', time: T, level: 'warn', source: 'web', fields: { job: 'api', container: 'web', trace: 'x7' } },
  { text: 'up', time: T + 1, level: 'info', source: 'web', fields: { job: 'api', container: 'web', id: 3 } },
];

test('a push in JSON becomes lines of the room that its labels name, with level, source, labels and metadata', async () => {
  const { post, lines, counts } = await ingestHub();
  const body = json({ job: 'api', container: 'web' }, [
    [ns(T), 'it runs', { detected_level: 'WARN', trace: 'x7' }],
    [ns(T + 1), '{"level":30,"msg":"up","id":3,"time":5}'],
  ]);
  expect(await post(PUSH, body, JSON_TYPE)).toMatchObject({ status: 204, text: '' });
  expect(lines.get('logs:api')).toEqual(LINES);
  expect(await post(PUSH, gzipSync(body.replaceAll('"api"', '"gz"')), { ...JSON_TYPE, 'content-encoding': 'gzip' })).toMatchObject({
    status: 204,
  });
  expect(lines.get('logs:gz')).toHaveLength(2);
  expect(counts).toEqual({ 'lines accepted': 4 });
});

test.each<[string, Record<string, string>]>([
  ['as Promtail sends it', PROTOBUF],
  ['without a Content-Type', {}],
  ['with its packing named', { ...PROTOBUF, 'content-encoding': 'snappy' }],
])('a push in protobuf becomes the same lines, %s', async (_how, headers) => {
  const { post, lines } = await ingestHub();
  const push = lokiPush([
    [
      '{job="api", container="web"}',
      [
        { time: T, line: 'it runs', metadata: { detected_level: 'WARN', trace: 'x7' } },
        { time: T + 1, line: '{"level":30,"msg":"up","id":3,"time":5}' },
      ],
    ],
  ]);
  expect(await post(PUSH, push, headers)).toMatchObject({ status: 204, text: '' });
  expect(lines.get('logs:api')).toEqual(LINES);
});

test('the older form of /api/prom/push is taken too', async () => {
  const { post, lines } = await ingestHub();
  const body = { streams: [{ labels: '{app="a b"}', entries: [{ ts: new Date(T).toISOString(), line: 'old' }] }] };
  expect(await post('/api/prom/push', JSON.stringify(body), JSON_TYPE)).toMatchObject({ status: 204 });
  expect(lines.get('logs:a-b')).toEqual([{ text: 'old', time: T, source: 'a b', fields: { app: 'a b' } }]);
});

test('rules say which stream goes to which room; each stream of a push has its own', async () => {
  const rules = ['namespace=prod*->logs:{namespace}', 'job=x->metrics:x'].map((text) => parseRoomRule(text)!);
  const { post, texts } = await ingestHub({ service: { rooms: new SenderRooms(rules) } });
  const entry = (line: string) => [{ time: T, line }];
  const streams = [
    ['{namespace="prod-eu", job="a"}', entry('by rule')],
    ['{job="x"}', entry('by job')],
    ['{service_name="s", job="x"}', entry('by service')],
    ['{host="h/1"}', entry('by host')],
    ['{}', entry('by nothing')],
    ['{job="empty"}', []],
  ] as const;
  expect(await post(PUSH, lokiPush(streams), PROTOBUF)).toMatchObject({ status: 204 });
  expect(['prod-eu', 'x', 's', 'h/1', 'unknown'].map((name) => texts(`logs:${name}`))).toEqual([
    ['by rule'],
    ['by job'],
    ['by service'],
    ['by host'],
    ['by nothing'],
  ]);
});

test('a push that comes again is stored once, and equal lines of another time are other lines', async () => {
  const { post, texts, store } = await ingestHub();
  const push = (count: number, from = T) =>
    lokiPush([['{job="a"}', Array.from({ length: count }, (_, i) => ({ time: from + i, line: 'same' }))]]);
  for (const _ of 'abc') expect(await post(PUSH, push(700), PROTOBUF)).toMatchObject({ status: 204 });
  expect(texts()).toHaveLength(700);
  await post(PUSH, push(700, T + 1), PROTOBUF);
  expect(texts()).toHaveLength(1_400);
  store.fails = 'unavailable';
  const away = await post(PUSH, push(1, T + 5_000), PROTOBUF);
  expect(away).toMatchObject({ status: 503 });
  expect(away.headers.get('retry-after')).toBe('1');
  store.fails = undefined;
  expect(await post(PUSH, push(1, T + 5_000), PROTOBUF)).toMatchObject({ status: 204 });
  expect(texts()).toHaveLength(1_401);
});

test('what is refused is named by its stream and entry, and the good part of the push stays', async () => {
  const { post, texts, counts } = await ingestHub({ service: { maxLineBytes: 1_000 } });
  const body = JSON.stringify({
    streams: [
      {
        stream: { job: 'a' },
        values: [
          [ns(T), 'good'],
          [ns(5), 'old'],
          [ns(T + 86_400_000), 'new'],
          ['soon', 'never'],
        ],
      },
      {
        stream: { job: 'a', big: 'x'.repeat(9_000) },
        values: [
          [ns(T), 'one'],
          [ns(T), 'two'],
        ],
      },
      {
        stream: { job: 'b' },
        values: [
          [ns(T), 'x'.repeat(2_000)],
          [ns(T), 'fine', { deep: 'ok' }],
        ],
      },
    ],
  });
  const { status, text } = await post(PUSH, body, JSON_TYPE);
  expect(status).toBe(400);
  expect(text).toMatch(
    /^2 entries were taken, 6 were not: entry 2: entry for stream '\{job="a"\}' has timestamp too old: 1970-01-01T00:00:00.005Z, oldest/,
  );
  expect(text).toMatch(/; entry 3: entry for stream .* has timestamp too new: .*; entry 4: .* has no timestamp; and 3 more\n$/);
  expect([texts('logs:a'), texts('logs:b')]).toEqual([['good'], ['fine']]);
  expect(counts).toMatchObject({ 'lines accepted': 2, 'lines invalid': 3 });
  const long = await post(PUSH, json({ job: 'b' }, [[ns(T), 'x'.repeat(2_000)]]), JSON_TYPE);
  expect(long.text).toBe('0 entries were taken, 1 were not: entry 1: entry for stream \'{job="b"}\': a line has at most 1000 bytes\n');
});

test('streams for rooms that the sender may not use are refused, the others taken', async () => {
  const { post, texts } = await ingestHub({ principal: sender(['logs:a']) });
  const streams = ['a', 'b'].map((job) => [`{job="${job}"}`, [{ time: T, line: job }]] as const);
  const both = await post(PUSH, lokiPush(streams), PROTOBUF);
  expect([both.status, both.text]).toEqual([400, expect.stringMatching(/entry 2: stream '\{job="b"\}': the token does not allow/)]);
  expect(texts()).toEqual(['a']);
  expect(await post(PUSH, lokiPush(streams.slice(1)), PROTOBUF)).toMatchObject({ status: 403 });
  const many = Array.from({ length: 101 }, (_, i) => [`{job="j${i}"}`, [{ time: T, line: 'x' }]] as const);
  const wide = await ingestHub();
  expect((await wide.post(PUSH, lokiPush(many), PROTOBUF)).text).toMatch(/^100 entries were taken, 1 were not: .*at most 100 rooms/);
});

test('what is no push is refused as Loki does, with a text', async () => {
  const { post, faults, lines } = await ingestHub({ routes: { bodyLimitBytes: 100_000 } });
  const push = lokiPush([['{job="a"}', [{ time: T, line: 'x' }]]]);
  const bodies: [body: string | Uint8Array, headers: Record<string, string>, status: number, text: RegExp][] = [
    ['{"streams":', JSON_TYPE, 400, /not JSON/],
    ['{}', JSON_TYPE, 400, /no list of streams/],
    [json({ job: 7 }, []), JSON_TYPE, 400, /stream 1: the labels/],
    [json({ job: 'a' }, [[ns(T), 'x'], [ns(T)]]), JSON_TYPE, 400, /stream 1, entry 2: not a list/],
    [json({ job: 'a' }, [[ns(T), 'x', { a: { b: 1 } }]]), JSON_TYPE, 400, /stream 1, entry 1/],
    ['{"streams":[{"labels":"job=a","entries":[]}]}', JSON_TYPE, 400, /not of the form/],
    [`"${'x'.repeat(200_000)}"`, JSON_TYPE, 413, /at most 100000 bytes/],
    ['x', { 'content-type': 'text/plain' }, 400, /Content-Type/],
    [push.subarray(0, push.length - 3), PROTOBUF, 400, /snappy/],
    [lokiMessage([['{job="a"}', [{ time: T, line: 'x' }]]]), PROTOBUF, 400, /snappy|protobuf/],
    [
      compressSync(Buffer.from(lokiMessage([['{job="a"}', [{ time: T, line: 'x'.repeat(50) }]]])).subarray(0, 40)),
      PROTOBUF,
      400,
      /protobuf/,
    ],
    [lokiPush([['job=a', []]]), PROTOBUF, 400, /stream 1: the labels/],
    [compressSync(Buffer.alloc(1_000_000)), PROTOBUF, 413, /unpacked/],
    [Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0]), PROTOBUF, 413, /unpacked/],
    [gzipSync(Buffer.alloc(10_000_000)), { ...JSON_TYPE, 'content-encoding': 'gzip' }, 413, /unpacked/],
    [gzipSync('x').subarray(0, 15), { ...JSON_TYPE, 'content-encoding': 'gzip' }, 400, /unpacked/],
  ];
  for (const [body, headers, status, text] of bodies) {
    const answer = await post(PUSH, body, headers);
    expect([answer.status, answer.text]).toEqual([status, expect.stringMatching(text)]);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
  }
  expect([...lines.keys()]).toEqual([]);
  expect(faults).toEqual([]);
});

test('a sender that comes too often or without a token is told so as text, and when to come again', async () => {
  for (const [code, status, header, value] of [
    ['rate_limited', 429, 'retry-after', '2'],
    ['unauthorized', 401, 'www-authenticate', 'Basic realm="roomcast", Bearer'],
  ] as const) {
    const authenticate = () => {
      throw new HubError(code, 'not now', 2_000);
    };
    const { post } = await ingestHub({ routes: { authenticate } });
    const answer = await post(PUSH, lokiPush([]), PROTOBUF);
    expect([answer.status, answer.text, answer.headers.get(header)]).toEqual([status, 'not now\n', value]);
  }
});

test('labels that would fill memory when every line has them are refused before any is stored', async () => {
  const { post, lines } = await ingestHub({ routes: { bodyLimitBytes: 8_000_000 } });
  const entries = Array.from({ length: 10_000 }, () => ({ time: T, line: '' }));
  const answer = await post(PUSH, lokiPush([[`{job="a", b="${'x'.repeat(8_000)}"}`, entries]]), PROTOBUF);
  expect([answer.status, [...lines.keys()]]).toEqual([413, []]);
});

test.each<[string, [string, string][] | undefined]>([
  ['{}', []],
  ['{a="b"}', [['a', 'b']]],
  [
    String.raw` { a = "b\"\\\n\t\x41\u00e9\U0001F600\101" , b_2="" , } `,
    [
      ['a', 'b"\\\n\tAé😀A'],
      ['b_2', ''],
    ],
  ],
  ['{a="b" c="d"}', undefined],
  ['{a=b}', undefined],
  ['{a="b}', undefined],
  ['{2="b"}', undefined],
  ['a="b"', undefined],
  ['', undefined],
])('%j are the labels %j', (text, labels) => {
  const parsed = parseLabels(text);
  expect(parsed && [...parsed]).toEqual(labels);
});

test('a value is read whatever its length, but for a long one with escapes that JSON does not know', () => {
  const long = (letter: string) => parseLabels(`{a="${letter.repeat(200_000)}"}`);
  expect(long(String.raw`\n`)?.get('a')).toBe('\n'.repeat(200_000));
  expect(long(String.raw`\x41`)).toBeUndefined();
});

test('whatever bytes come, they are taken or refused in words', async () => {
  const { post, faults } = await ingestHub();
  const message = Buffer.from(lokiMessage([['{job="a", b="c"}', [{ time: T, line: 'x', metadata: { a: 'b' } }]]]));
  const broken = fc.tuple(fc.nat(message.length - 1), fc.nat(255), fc.nat(message.length)).map(([at, byte, end]) => {
    const copy = Buffer.from(message);
    copy[at] = byte;
    return copy.subarray(0, end);
  });
  await fc.assert(
    fc.asyncProperty(broken, async (body) => {
      expect([204, 400]).toContain((await post(PUSH, compressSync(body), PROTOBUF)).status);
    }),
    { numRuns: 150 },
  );
  expect(faults).toEqual([]);
});

test('a push of more streams and entries than memory is kept for is refused as a whole', async () => {
  const { post, lines } = await ingestHub({ routes: { bodyLimitBytes: 0 } });
  const entry = { time: T, line: '' };
  const many = <Item>(item: Item): Item[] => new Array(60_000).fill(item);
  const pushes: [Buffer | string, Record<string, string>][] = [
    [lokiPush([['{job="api"}', [...many(entry), ...many(entry)]]]), PROTOBUF],
    [lokiPush(many(['{job="api"}', [entry]] as const)), PROTOBUF],
    [json({ job: 'api' }, [...many([]), ...many([])]), JSON_TYPE],
    [JSON.stringify({ streams: many({ labels: '{}', entries: [1] }) }), JSON_TYPE],
  ];
  for (const [body, type] of pushes) {
    expect(await post(PUSH, body, type)).toMatchObject({ status: 413, text: 'a push has at most 100000 streams and entries\n' });
  }
  expect(lines.size).toBe(0);
});
