import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, expect, test } from '@jest/globals';
import { whenReady } from './support/cluster.js';
import { brokenLinks, commandsOf, docBlocks } from './support/doc-examples.js';
import {
  compiles,
  type DocWorld,
  listed,
  NOT_RUN,
  notRun,
  openDocWorld,
  page,
  program,
  type RunExample,
  shell,
  startProgram,
} from './support/doc-runs.js';
import { get, send } from './support/http.js';
import { startHub } from './support/hub-process.js';
import { fileScope, testScope } from './support/scope.js';
import { connectClient } from './support/stock-client.js';
import { SECRET } from './support/token.js';
import { waitFor } from './support/wait.js';

const file = fileScope();
const scope = testScope();
const blocks = await docBlocks();
let world: DocWorld;
beforeAll(async () => {
  world = await openDocWorld(file, scope, blocks);
});

const CLIENT = 'docs/client.md, The client SDK, js';
const SERVER = 'docs/library.md, The server, js';
const ORDERS = 'docs/library.md, Events of your own, js';
const SHOW = "const show = (...what) => console.log('shown', JSON.stringify(what));";
const KITCHEN = "const soldOut = async (dish) => dish === 'soup'; let orders = 0; const save = async () => ++orders;";
const POST = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{ "data": { "text": "polled" } }' };
const atOnce = async () => true;
const LINES = JSON.stringify(['slow', 'timed out', 'time is out'].map((text) => ({ text, level: 'error', status: 503 })));
/** Somebody's server, which writes its log and counts what it does. */
const SHOP = `
  let done = 0;
  setInterval(() => {
    const send = (room, body) => fetch('http://127.0.0.1:3000/api/ingest/' + room, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    done += 10;
    const t = Date.now();
    const bucket = (le, value) => ({ name: 'checkout_seconds_bucket', labels: { le }, value, t });
    void send('logs:api', '${LINES}');
    void send('metrics:shop', JSON.stringify([{ name: 'orders_total', value: done }]));
    void send('metrics:shop', JSON.stringify([bucket('0.1', done), bucket('1', 2 * done), bucket('+Inf', 2 * done)]));
  }, 400).unref();`;
/** A red square of ten pixels. */
const PHOTO =
  'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAFElEQVQYlWP4z8CABzGMSjNgCQMAt8pjnanKDKUAAAAASUVORK5CYII=';
const TOKENS = { TOKEN_SECRET: SECRET };
const withToken = ({ token }: DocWorld) => `const fetchToken = async () => '${token}';`;

async function jobResult(url: string, auth: object, name: string, input: unknown): Promise<unknown> {
  const client = await connectClient(scope, url, { auth });
  const { jobId } = await client.expectOk<{ jobId: string }>('job:submit', { name, input });
  const end = await client.event<{ jobId: string; state: string; result?: unknown }>(
    'job',
    (job) => job.jobId === jobId && 'endedAt' in job,
  );
  return end.result;
}

/** What the documents' own handler makes of a message of four words. */
async function countedWords(url: string): Promise<number> {
  const client = await connectClient(scope, url);
  await client.publish('chat:four', { text: 'four words are here' }, { id: 'four' });
  return ((await jobResult(url, {}, 'word-count', { room: 'chat:four' })) as { words: number }).words;
}

/** A shop's payments, which cannot be reached twice and then take the money. */
async function startPayments(): Promise<string> {
  let calls = 0;
  const server = createServer((_request, response) => response.writeHead(++calls > 2 ? 200 : 503).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.defer(server, (open) => open.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What is done with each block; what it prints is what its document says. */
const RUNS: Readonly<Record<string, RunExample>> = {
  'README.md, Try it, sh': listed,
  'README.md, Try it, sh 2': listed,
  'README.md, Try it, sh 3': listed,
  'README.md, Speak to it, js': program({ prints: [/^\w+:\d+ Guest \w+ hello$/m] }),
  'README.md, Speak to it, js 2': program({ prints: [/^Zoe hello 12$/m, /^Ann hello$/m] }),
  'README.md, Speak to it, sh': shell({
    before: ({ project }) => project.write('app.log', 'the first line\n'),
    commands: [
      { prints: /^data: .*"text":"hello"/m, stays: atOnce },
      { prints: /"position":"\w+:\d+"/ },
      { prints: /^$/ },
      { prints: /^/, stays: async ({ url }) => (await get(`${url}/api/rooms/logs:app/messages`)).text.includes('the first line') },
    ],
  }),

  'docs/architecture.md, The way of a message, drawing': notRun('a drawing'),
  'docs/benchmarks.md, Benchmarks, sh': listed,
  'docs/benchmarks.md, fanout, sh': listed,
  'docs/benchmarks.md, rooms, sh': listed,
  'docs/benchmarks.md, compressed, sh': listed,
  'docs/benchmarks.md, rate, sh': listed,
  'docs/benchmarks.md, slow, sh': listed,
  'docs/benchmarks.md, publish, sh': listed,
  'docs/benchmarks.md, cluster, sh': listed,
  'docs/benchmarks.md, naive, sh': listed,
  'docs/benchmarks.md, idle, sh': listed,
  'docs/benchmarks.md, transports, sh': listed,
  'docs/benchmarks.md, cache, sh': listed,
  'docs/benchmarks.md, logs, sh': listed,
  'docs/benchmarks.md, frames, sh': listed,
  'docs/benchmarks.md, ingest, sh': listed,
  'docs/benchmarks.md, queue, sh': listed,
  'docs/benchmarks.md, search, sh': listed,
  'docs/benchmarks.md, jobs, sh': listed,
  'docs/benchmarks.md, page, sh': listed,

  'docs/client.md, The client SDK, sh': listed,
  [CLIENT]: program({ prints: [/^now online$/m, /^Zoe: hello 12$/m, /^Ann: hello$/m] }),
  'docs/client.md, Connecting, js': program({
    here: ({ token }) => ({ 'https://app.example.com/hub-token': `data:text/plain,${token}` }),
    prints: [/^signed in as Tom \(tom\)$/m],
  }),
  'docs/client.md, Rooms, js': async (block, { project }) => {
    const isKept = () => waitFor(() => readFile(`${project.dir}/position.txt`, 'utf8'), { what: 'a position' });
    await program({ prints: [/^\w+:\d+ hello$/m], meanwhile: isKept })(block, world);
    const client = await connectClient(scope, world.hub.url);
    await client.publish('chat:lobby', { text: 'while it was away' });
    await program({ prints: [/^\d+ came while this was not running$/m, /^\w+:\d+ while it was away$/m] })(block, world);
  },
  'docs/client.md, Rooms, js 2': program({
    after: [CLIENT],
    prints: [/^\d+ older ones, (and|no) more$/m, /^[1-9]\d* here: .*Ann/m],
  }),
  'docs/client.md, Publishing, js': program({ after: [CLIENT], prints: [/^stored$/m, /^all about \w+:\d+; 0 wait$/m] }),
  'docs/client.md, Outbox, js': async (block) => {
    let hub = await startHub(scope);
    const here = () => ({ 'http://127.0.0.1:3000': hub.url });
    const first = await startProgram(block.text, world, { here });
    await first.child.printed(/^\S+ stored$/m);
    hub.signal('SIGKILL');
    await first.child.printed(/^offline$[\s\S]*^\S+ kept$/m);
    await first.child.stop();
    hub = await startHub(scope, { port: hub.port, dataDir: hub.dataDir });
    await program({ here, prints: [/^from before: reading \S+$/m, /^\S+ stored$/m] })(block, world);
  },
  'docs/client.md, Metrics, js': program({ after: [CLIENT], prints: [/^[1-9]\d* series, \d+ moments$/m, /Z \d+ \d+$/m, /^cpu\S* \S+$/m] }),
  'docs/client.md, Jobs, js': program({ prints: [/^[1-9]\d* found$/m, /^\S+ cancelled/m, /^true cancelled$/m] }),
  'docs/client.md, Events of your own, js': program({ after: [CLIENT], prints: [/^the newest: \S/m, /^unknown_event \S/m] }),
  'docs/client.md, Types, ts': compiles,
  'docs/client.md, In a page, js': page({
    given: 'setInterval(() => console.log(document.body.textContent), 200);',
    prints: [/^Zoe: hello 12$/m, /^Guest \w+: hello from a page$/m],
  }),

  'docs/deployment.md, One process, sh': listed,
  'docs/deployment.md, One process, sh 2': shell({ commands: [{ prints: /^$/ }, { prints: /^[\w-]+\.[\w-]+\.[\w-]+$/m }] }),
  'docs/deployment.md, One process, ini': notRun('no systemd is here'),
  'docs/deployment.md, Several instances, sh': listed,
  'docs/instances.md, Many cores of one machine, sh': listed,
  'docs/instances.md, What happens when, ini': notRun('no systemd is here'),
  'docs/deployment.md, A load balancer in front, sh': listed,
  'docs/deployment.md, A load balancer in front, sh 2': listed,
  'docs/deployment.md, Containers, sh': shell({ commands: [{ prints: /^$/ }] }),
  'docs/deployment.md, Kubernetes, sh': listed,
  'docs/deployment.md, Many publications, sh': listed,

  'docs/transports.md, By hand, console': shell({}),
  'docs/transports.md, By hand, console 2': shell({}),
  'docs/http-api.md, Publish, console': shell({}),
  'docs/http-api.md, Read, console': shell({}),
  'docs/http-api.md, Long poll, js': page({
    given: `${SHOW} setInterval(() => fetch('/api/rooms/chat:lobby/messages', ${JSON.stringify(POST)}), 500);`,
    prints: [/shown .*"text":"polled"/],
  }),
  'docs/http-api.md, Event stream, console': shell({}),
  'docs/http-api.md, Event stream, js': page({ given: `${SHOW} const startOver = show;`, prints: [/shown .*"text":"hello 12"/] }),
  'docs/http-api.md, As lines of JSON, console': shell({}),
  'docs/http-api.md, As lines of JSON, js': page({ given: `${SHOW} const startOver = show;`, prints: [/shown .*"text":"hello 12"/] }),
  'docs/http-api.md, Jobs, console': shell({}),
  'docs/http-api.md, Errors, json': async ({ text }) => {
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'rate_limited', retry: 'later' } });
  },
  'docs/http-api.md, Inside another application, js': program({
    meanwhile: ({ url }) => waitFor(async () => (await get(`${url}/api/rooms/chat:lobby/messages`)).body.messages),
  }),

  'docs/ingest.md, Prometheus, yaml': async ({ text }, { project }) => {
    const file = await project.write('prometheus.yml', text);
    await project.commands([{ command: `promtool check config ${file}`, output: '', fits: /SUCCESS/ }]);
  },
  "docs/ingest.md, Telegraf and InfluxDB's clients, toml": notRun('no Telegraf is here'),
  "docs/ingest.md, Telegraf and InfluxDB's clients, console": shell({}),
  'docs/ingest.md, Promtail, Alloy, Docker, pino, yaml': notRun('no Promtail is here'),
  'docs/ingest.md, Promtail, Alloy, Docker, pino, js': program({
    meanwhile: ({ world }) =>
      waitFor(async () => (await get(`${world.hub.url}/api/rooms/logs:shop/messages`)).text.includes('"text":"paid"')),
  }),
  'docs/ingest.md, Promtail, Alloy, Docker, pino, console': shell({}),
  'docs/ingest.md, OpenTelemetry, sh': shell({ commands: [{ prints: /^$/ }, { prints: /^$/ }, { prints: /^$/ }] }),
  'docs/ingest.md, OpenTelemetry, yaml': notRun('no Collector is here'),
  'docs/ingest.md, OpenTelemetry, console': shell({}),
  'docs/ingest.md, curl, console': shell({}),
  'docs/ingest.md, curl, console 2': shell({}),
  'docs/ingest.md, curl, console 3': shell({ before: ({ project }) => project.write('app.log', 'the first line\n') }),
  'docs/ingest.md, Bodies of lines, console': shell({ before: ({ project }) => project.write('build.log', 'one\nERROR two\n') }),
  'docs/ingest.md, roomcast pipe, console': shell({}),

  'docs/jobs.md, Hand one in, js': program({ prints: [/^0\.\d+ \d+ primes below \d+$/m, /^there are 664579$/m], ends: true }),
  'docs/jobs.md, Hand one in, js 2': program({ prints: [/^\S+ done \S+ \{$/m] }),
  'docs/jobs.md, Hand one in, console': shell({}),
  'docs/jobs.md, Hand one in, js 3': program({ prints: [/^there are 78498$/m] }),
  'docs/jobs.md, States, drawing': notRun('a drawing'),
  'docs/jobs.md, Dead letters, js': program({
    prints: [/^invalid \S/m, /^thumbnail \S+ \[ 'invalid' \]$/m, /^again invalid$/m, /^left: 0$/m],
    ends: true,
  }),
  'docs/jobs.md, Result files, js': page({
    on: 'tokenHub',
    given: withToken,
    prints: [/^chat-lobby\.html, [1-9]\d* bytes, at blob:http/m],
  }),
  'docs/jobs.md, Built in, js': program({
    prints: [/^\w+:\d+ \S.*: hello/m, /^cpu\S* \S+ \S+ \S+$/m, /^looked at [1-9]\d* messages$/m],
    ends: true,
  }),
  'docs/jobs.md, Built in, js 2': program({
    given: `await (await import('node:fs/promises')).writeFile('photo.png', Buffer.from('${PHOTO}', 'base64'));`,
    prints: [/^chat-lobby-\d+\.webp: 10 × 10, at \/api\/jobs\/\S+\/result$/m],
    ends: true,
  }),
  'docs/jobs.md, Handlers of your own, js': notRun('the file word-count.js, which the examples after it run'),
  'docs/jobs.md, Handlers of your own, js 2': notRun('the file handlers.js, which the commands after it load'),
  'docs/jobs.md, Handlers of your own, sh': shell({
    startsHub: true,
    commands: [{ prints: /Roomcast on /, stays: atOnce }, { prints: /"name":"word-count","state":"queued"/ }],
  }),
  'docs/jobs.md, Handlers of your own, sh 2': shell({
    startsHub: true,
    commands: [
      {},
      { prints: /Roomcast on /, stays: atOnce },
      { prints: /Roomcast worker: \d+ jobs at a time/, stays: async ({ url }) => (await countedWords(url)) === 4 },
    ],
  }),
  'docs/jobs.md, Handlers of your own, js 3': async (block) => {
    const payments = await startPayments();
    const here = () => ({ 'https://payments.example.com': payments });
    await program({
      here,
      prints: [/^takes jobs at http:/m],
      meanwhile: async ({ url }) => {
        expect(await countedWords(url)).toBe(4);
        expect(await jobResult(url, {}, 'charge', { order: '17' })).toEqual({ order: '17' });
      },
    })(block, world);
  },
  'docs/jobs.md, Handlers of your own, js 4': program({ prints: [/^reports at http:/m] }),
  'docs/jobs.md, One at a time, js': program({ prints: [/^takes jobs at http:/m] }),
  'docs/jobs.md, Told to a room, js': program({ prints: [/^tidy-up: queued/m, /^tidy-up: done \{ removed: 7 \}$/m], ends: true }),

  'docs/library.md, Roomcast in your own program, sh': listed,
  [SERVER]: program({
    env: TOKENS,
    meanwhile: ({ url }) => whenReady({ url }),
  }),
  [ORDERS]: program({
    after: [SERVER],
    given: KITCHEN,
    env: TOKENS,
    meanwhile: async ({ url }) => {
      await whenReady({ url });
      const client = await connectClient(scope, url, { auth: { token: world.token } });
      await client.subscribe('chat:kitchen');
      expect(await client.ask('order', { dish: 'pie', count: 2 })).toEqual({ ok: true, id: 1 });
      expect((await client.hears('order-1')).data).toEqual({ text: '2 x pie' });
      expect(await client.ask('order', { dish: 'soup', count: 2 })).toMatchObject({ error: { code: 'not_found', message: 'sold out' } });
      expect(await client.ask('order', { dish: 'pie', count: 0 })).toMatchObject({ error: { code: 'invalid' } });
    },
  }),
  'docs/library.md, Heavy work, js': notRun('the file forecast.js, which the example after it runs'),
  'docs/library.md, Heavy work, js 2': program({
    after: [SERVER],
    env: TOKENS,
    meanwhile: async ({ url }) => {
      await whenReady({ url });
      const result = await jobResult(url, { token: world.token }, 'forecast', { days: 3 });
      expect(result).toEqual({ days: 3, demand: expect.any(Number) });
    },
  }),
  'docs/library.md, The client, js': async (block) => {
    const text = '';
    const { url } = await startProgram(text, world, { after: [SERVER, ORDERS], given: KITCHEN, env: TOKENS });
    await whenReady({ url });
    await program({
      here: () => ({ 'https://hub.example.com': url }),
      given: (around) => `${withToken(around)} ${SHOW} const reload = show; const bar = show; const draw = show;`,
      prints: [/^shown \["Tom","hello"\]$/m, /^shown \[\["/m],
    })(block, world);
  },
  'docs/library.md, Types, ts': compiles,

  'docs/metrics-history.md, A range, console': shell({}),
  'docs/metrics-history.md, A range, js': program({ prints: [/^load1\S* \d\S*$/m] }),
  'docs/metrics-history.md, Counters, console': shell({}),
  'docs/metrics-history.md, Groups, console': shell({}),
  'docs/metrics-history.md, A table, console': shell({}),
  'docs/metrics-history.md, Into a Prometheus, console': shell({}),
  'docs/metrics-history.md, Into a Prometheus, yaml': notRun('metric-history.test.ts runs a Prometheus with such a file'),

  'docs/metrics-and-logs.md, Lines through a filter, js': program({ given: SHOP, prints: [/^error timed out \{ status: 503 \}$/m] }),
  'docs/metrics-and-logs.md, Lines through a filter, sh': shell({
    before: ({ hub }) => send('POST', `${hub.url}/api/ingest/logs:api`, JSON.parse(LINES)),
    commands: [{ prints: /^data: .*"lines":\[\{"text":"timed out"/m }, { prints: /"lines":\[.*"more":false/ }],
  }),
  'docs/metrics-and-logs.md, Lines through a filter, js 2': program({
    given: SHOP,
    prints: [/^error slow$/m, /^from here on: error and above$/m, /and above\n(error timed out\n)+/m],
  }),
  'docs/metrics-and-logs.md, Series, js': program({ given: SHOP, prints: [/^orders_total:rate \d/m] }),
  'docs/metrics-and-logs.md, Series, sh': shell({ commands: [{ prints: /^event: snapshot$[\s\S]*^event: frame$/m }] }),
  'docs/metrics-and-logs.md, Series, js 2': program({ given: SHOP, prints: [/^checkout_seconds\{quantile="0.99"\} 0\.982$/m] }),

  'docs/recovery.md, Connection state recovery for stock clients, js': program({ prints: [/^new$/m, /^in the lobby$/m] }),

  'docs/reliability.md, The fault bench, sh': listed,
  'docs/reliability.md, Roomcast, sh': listed,
  'docs/reliability.md, Stock Socket.IO, sh': listed,
  'docs/reliability.md, A storm of returns, sh': listed,
  'docs/reliability.md, Jobs, sh': listed,
};

test.each(blocks.map((block) => [block.id, block] as const))(
  '%s',
  async (id, block) => {
    const run = RUNS[id];
    if (!run) throw new Error(`${id}: this example is neither run nor listed here:\n${block.text}`);
    await run(block, world);
  },
  180_000,
);

test('each link of the documents leads to a file, and to a heading where it names one', async () => {
  const broken = await brokenLinks();
  expect(broken).toEqual([]);
});

test('what is said here of examples and commands is said of some that are there', () => {
  expect(Object.keys(RUNS).filter((id) => !blocks.some((block) => block.id === id))).toEqual([]);
  const commands = blocks.filter(({ language }) => language === 'sh').flatMap(commandsOf);
  expect(NOT_RUN.filter(([pattern]) => !commands.some(({ command }) => pattern.test(command)))).toEqual([]);
});
