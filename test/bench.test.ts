import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { readCommand } from '../bench/command-line.js';
import { allowedCpus, parseCpuList, placeApart } from '../bench/cpus.js';
import { pictureOf, withResult } from '../bench/document.js';
import { Deliveries } from '../bench/load/deliveries.js';
import { LoadClient } from '../bench/load/load-client.js';
import { measure } from '../bench/measure.js';
import { watchUse } from '../bench/process-use.js';
import { startProgram } from '../bench/program.js';
import { describeClaim, ratio, tablesOf } from '../bench/report.js';
import { type BenchResult, type ModeResult, summarise } from '../bench/result.js';
import type { Scenario } from '../bench/scenario.js';
import { SCENARIOS } from '../bench/scenarios.js';
import { openFront } from '../bench/servers/front.js';
import { median, percentile } from '../bench/stats.js';
import { Workbench } from '../bench/workbench.js';
import { ROOT, storageHome, temporaryDir } from './support/files.js';
import { fileScope, testScope } from './support/scope.js';

const scope = testScope();
/** Tests that run side by side end at different times. */
const file = fileScope();
const MAIN = join(ROOT, 'dist/bench/main.js');
const DOCUMENT = join(ROOT, 'docs/benchmarks.md');

async function bench(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, [MAIN, ...args], { cwd: ROOT, env: { ...process.env, TMPDIR: await storageHome() } });
}

/** By scenario: flags that make it small. */
const SMALL: Record<string, string> = {
  fanout: '--members 10',
  rooms: '--rooms 3 --members-per-room 2',
  compressed: '--members 5',
  rate: '--members 5',
  slow: '--members 10 --slow-percent 10',
  publish: '--publishers 3',
  cluster: '--members 4',
  naive: '--members 5',
  idle: '--members 20',
  // More viewers than come in at a time.
  transports: '--viewers-percent 6 --lines-per-second 10',
  logs: '--viewers 6 --slow 1 --filtered 2 --lines-per-second 1000',
  frames: '--viewers 3 --series 20 --samples-per-second 1000 --frame-interval-ms 50',
  cache: '--askers 30 --reads-per-second 50 --compute-ms 5',
  ingest: '--series 100',
  queue: '--in-flight 3',
  search: '--messages 300 --subscribers 3',
  jobs: '--job-seconds 0.1 --subscribers 3',
  page: '--series 8 --charts 2 --lines-per-second 100',
};

/** Several run side by side here, so each takes the cores that there are. */
const ANY_CORE =
  placeApart().client === undefined ? [] : ['server', 'client'].flatMap((role) => [`--${role}-cpus`, allowedCpus()!.join(',')]);

test('each scenario has a small form that is run here', () => {
  expect(Object.keys(SMALL)).toEqual(SCENARIOS.map(({ name }) => name));
});

test.concurrent.each(SCENARIOS)(
  '`$name` runs all its modes and puts tables and picture into the document',
  async ({ name, modes, measures, claims }) => {
    const dir = await temporaryDir(file);
    await writeFile(join(dir, 'benchmarks.md'), await readFile(DOCUMENT));
    const jsonFile = join(dir, 'result.json');
    const flags = `--repeats 1 --seconds 0.4 --warm-up-seconds 0.1 --write ${SMALL[name]}`.split(' ');
    const { stdout } = await bench(name, ...flags, ...ANY_CORE, '--docs', dir, '--json', jsonFile);

    const result: BenchResult = JSON.parse(await readFile(jsonFile, 'utf8'));
    expect(result.modes.map(({ key }) => key)).toEqual(modes.map(({ key }) => key));
    for (const mode of result.modes) {
      expect(mode.runs).toHaveLength(1);
      for (const { key } of measures) expect({ mode: mode.key, key, value: mode.median[key] }).toMatchObject({ value: expect.any(Number) });
      expectAllArrived(mode, result.settings);
    }
    expect(result.claims).toHaveLength(claims.length);
    expect(Object.values(result.facts).every((fact) => fact > 0)).toBe(true);

    if (measures.some(({ key }) => key === 'clientBusyPercent')) expect(stdout).toContain('load client busy');
    const document = await readFile(join(dir, 'benchmarks.md'), 'utf8');
    for (const { label, unit } of measures) expect(document).toContain(`| ${unit === '' ? label : `${label}, ${unit}`} `);
    expect(document).toContain(`](benchmarks-${name}.svg)`);
    expect(document).toContain(result.command);
    expect((await readdir(dir)).sort()).toEqual([`benchmarks-${name}.svg`, 'benchmarks.md', 'result.json']);
  },
  600_000,
);

/**
 * That there was something, and all of it arrived. A window this short may end before the first of it did, where others keep the machine
 * busy, so its own figures may be 0; what was under way then was waited for.
 */
function expectAllArrived({ key, median }: ModeResult, { options }: BenchResult['settings']): void {
  const { undelivered = 0, published, delivered, connectSeconds, clientBusyPercent = 0 } = median;
  expect({ key, undelivered }).toEqual({ key, undelivered: 0 });
  expect({ key, busy: clientBusyPercent >= 0, connected: connectSeconds !== 0 }).toEqual({ key, busy: true, connected: true });
  if (published !== undefined && options.subscribers !== undefined) expect(delivered).toBe(options.subscribers * published);
}

test('without a C compiler the benchmarks that need one say so in one line', async () => {
  const run = promisify(execFile)(process.execPath, [MAIN, 'rooms'], { cwd: ROOT, env: { PATH: await temporaryDir(scope) } });
  await expect(run).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^the load client needs a C compiler: gcc is not installed$/m),
  });
});

test('a wrong command line is one line that says what is wrong', async () => {
  await expect(bench('nothing')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^no scenario is named nothing: there is fanout, .*, jobs, .*or all\n$/),
  });
  for (const [args, wrong] of [
    ['jobs --repeats 0', '--repeats takes a number from 1 to 1000, not 0'],
    ['jobs --repeats 1.5', '--repeats takes a whole number'],
    ['jobs --job-seconds soon', '--job-seconds takes a number from 0.05 to 60, not soon'],
    ['jobs idle', 'what is idle?'],
    ['jobs --much', "Unknown option '--much'"],
    ['all --job-seconds 1', "Unknown option '--job-seconds'"],
  ] as const) {
    expect(() => readCommand(args.split(' '), SCENARIOS)).toThrow(wrong);
  }
  expect((await bench()).stdout).toContain('--job-seconds N');
});

test('`all` is every scenario at its own length, unless the length is given', () => {
  const settingsOf = (line: string) => {
    const command = readCommand(line.split(' '), SCENARIOS);
    return command.do === 'run' ? command.runs.map(({ scenario, settings }) => [scenario.name, settings.seconds]) : [];
  };
  expect(settingsOf('all').map(([name]) => name)).toEqual(SCENARIOS.map(({ name }) => name));
  expect(Object.fromEntries(settingsOf('all'))).toMatchObject({ fanout: 5, jobs: 8 });
  expect(Object.fromEntries(settingsOf('all --seconds 3'))).toMatchObject({ fanout: 3, jobs: 3 });
});

test('percentiles are values that were there, and the median lies in the middle', () => {
  const values = [5, 1, 4, 2, 3];
  expect([0, 50, 99, 100].map((percent) => percentile(values, percent))).toEqual([1, 3, 5, 5]);
  expect(percentile([], 50)).toBe(0);
  expect([median(values), median([4, 1, 3, 2]), median([7])]).toEqual([3, 2.5, 7]);
});

test('the client has a core of its own where there are two', () => {
  expect(parseCpuList('0-2,5')).toEqual([0, 1, 2, 5]);
  expect(placeApart([0, 1], true)).toEqual({ server: '0', client: '1' });
  expect(placeApart([2, 3, 6], true)).toEqual({ server: '2,3', client: '6' });
  expect(placeApart([0], true)).toEqual({});
  expect(placeApart([0, 1], false)).toEqual({});
});

/** Two modes whose figures are given. */
function scenarioOf(figures: Record<'ours' | 'theirs', number[]>, ran: string[] = []): Scenario {
  return {
    name: 'jobs',
    about: '',
    options: {},
    modes: [
      { key: 'ours', label: 'ours' },
      { key: 'theirs', label: 'the <others>', isControl: true },
    ],
    measures: [{ key: 'ms', label: 'wait', unit: 'ms', digits: 1, compared: true }],
    pictured: ['ms'],
    claims: [
      { mode: 'ours', measure: 'ms', limit: { below: 20 } },
      { mode: 'theirs', measure: 'ms', relativeTo: 'ours', limit: { atLeast: 50 } },
    ],
    prepare: async () => ({
      facts: {},
      run: async (mode) => {
        ran.push(mode);
        return { ms: figures[mode as 'ours' | 'theirs'].shift()! };
      },
    }),
  };
}
const SETTINGS = { repeats: 3, seconds: 1, warmUpSeconds: 0, options: {} };
const CONDITIONS = {
  command: 'npm run bench -- jobs',
  startedAt: '2026-01-02T03:04:05.000Z',
  machine: { cores: 2, cpu: 'a cpu', memoryGiB: 4, platform: 'linux x64', node: '20.20.0', loadBefore: 0 },
  placement: {},
  settings: SETTINGS,
  facts: {},
};

async function resultOf(scenario: Scenario): Promise<BenchResult> {
  const { runs } = await measure(scenario, new Workbench({}), SETTINGS, () => {});
  return summarise(scenario, runs, CONDITIONS);
}

test('modes take turns, and the table has medians, least and most, and ratios to the control', async () => {
  const ran: string[] = [];
  const result = await resultOf(scenarioOf({ ours: [1, 3, 2], theirs: [40, 80, 60] }, ran));
  expect(ran).toEqual(['ours', 'theirs', 'theirs', 'ours', 'ours', 'theirs']);
  expect(tablesOf(result)).toEqual([
    {
      rows: [
        ['', 'ours', 'the <others> (control)', 'ours / control'],
        ['wait, ms', '2.0 (1.0-3.0)', '60.0 (40.0-80.0)', '0.033x'],
      ],
    },
  ]);
  expect(result.claims.map((claim) => describeClaim(result, claim))).toEqual([
    'ours: wait is 2.0 ms, claimed below 20 ms: met',
    'the <others>: wait, relative to ours is 30x, claimed at least 50x: NOT met',
  ]);
  expect([ratio(0.0123), ratio(1), ratio(9.87), ratio(1_234.5)]).toEqual(['0.012x', '1x', '9.9x', '1,235x']);
});

test('modes of different groups stand in tables of their own, each beside its control', async () => {
  const scenario = scenarioOf({ ours: [1, 1, 1], theirs: [2, 2, 2] });
  const groups = ['few', 'many'].flatMap((group) => scenario.modes.map((mode) => ({ ...mode, key: `${mode.key}-${group}`, group })));
  const waits = { 'ours-few': 1, 'theirs-few': 2, 'ours-many': 3, 'theirs-many': 30 };
  const result = await resultOf({
    ...scenario,
    modes: groups,
    claims: [
      { mode: 'ours-many', measure: 'ms', relativeTo: 'theirs-many', limit: { atMost: 0.1 } },
      { mode: 'ours-many', measure: 'ms', relativeTo: 'ours-few', limit: { atMost: 2 } },
    ],
    prepare: async () => ({ facts: {}, run: async (mode) => ({ ms: waits[mode as keyof typeof waits] }) }),
  });
  const head = ['', 'ours', 'the <others> (control)', 'ours / control'];
  expect(tablesOf(result)).toEqual([
    { group: 'few', rows: [head, ['wait, ms', '1.0', '2.0', '0.5x']] },
    { group: 'many', rows: [head, ['wait, ms', '3.0', '30.0', '0.1x']] },
  ]);
  expect(result.claims.map((claim) => describeClaim(result, claim))).toEqual([
    'many, ours: wait, relative to the <others> is 0.1x, claimed at most 0.1x: met',
    'many, ours: wait, relative to few, ours is 3x, claimed at most 2x: NOT met',
  ]);
  expect(pictureOf(result)).toContain('many: wait, ms');
});

test('a run that gives no figure fails the benchmark', async () => {
  await expect(resultOf(scenarioOf({ ours: [1, Number.NaN, 2], theirs: [1, 1, 1] }))).rejects.toThrow('jobs, ours: ms is NaN');
});

test('a result takes the place of the one before, and leaves the rest of the document alone', async () => {
  const document = await readFile(DOCUMENT, 'utf8');
  const before = await resultOf(scenarioOf({ ours: [7, 7, 7], theirs: [8, 8, 8] }));
  const after = await resultOf(scenarioOf({ ours: [5, 5, 5], theirs: [6, 6, 6] }));
  const written = withResult(withResult(document, before), after);
  expect(written).toBe(withResult(document, after));
  const start = document.indexOf('<!-- jobs:');
  expect(written.slice(start, written.indexOf('<!-- end of jobs -->'))).not.toContain('7.0');
  expect(written.startsWith(document.slice(0, start))).toBe(true);
  expect(written.endsWith(document.slice(document.indexOf('<!-- end of jobs -->')))).toBe(true);
  expect(() => withResult('# nothing', after)).toThrow('lacks the line');
  expect(pictureOf(after)).toContain('the &lt;others&gt;');
});

test('a delivery that is lost, repeated or out of order fails the run', async () => {
  const heard = (...messages: number[]) => {
    const deliveries = new Deliveries(1);
    for (let n = 0; n < 3; n++) deliveries.send();
    for (const message of messages) deliveries.hear(0, message);
    return deliveries;
  };
  const all = heard(0, 1, 2);
  await all.complete(0);
  const { sent, latenciesMs, arrived } = all.within(0, performance.now());
  expect({ sent, latencies: latenciesMs.length, arrived }).toEqual({ sent: 3, latencies: 3, arrived: 3 });
  await expect(heard(0, 1).complete(0)).rejects.toThrow('1 of 3 deliveries did not come');
  await expect(heard(0, 1, 1, 2).complete(0)).rejects.toThrow('subscriber 0 heard message 1 where 2 was next');
  await expect(heard(0, 2, 1).complete(0)).rejects.toThrow('subscriber 0 heard message 2 where 1 was next');
});

const NOTHING_WRONG = { misordered: 0, incomplete: 0, refused: 0, refusal: '' };
async function loadPrinting(lines: object[]): Promise<LoadClient> {
  const program = { nextLine: async () => JSON.stringify(lines.shift()) };
  const workbench = { tool: async () => 'load', startProgram: () => program };
  return LoadClient.start(workbench as unknown as Workbench, 1, { protocol: 'hub', mode: 'rate', members: 1 });
}

test.each([
  [{ refused: 2, refusal: 'busy' }, '2 publications were refused, the first one as busy'],
  [{ misordered: 3 }, '3 messages came out of order'],
])('a load in which %j is no result but an error', async (wrong, says) => {
  const figures = { published: 1, deliveries: 1, seconds: 1, p50Us: 1, p99Us: 1, maxUs: 1, bytes: 1, cpuSeconds: 1, utilisation: 0.5 };
  const good = { event: 'result', ...figures, ...NOTHING_WRONG };
  expect(await (await loadPrinting([good])).result()).toEqual(good);
  await expect((await loadPrinting([{ ...good, ...wrong }])).result()).rejects.toThrow(says);
  await expect((await loadPrinting([{ event: 'start' }])).result()).rejects.toThrow();
});

test('behind one address each server gets every second connection', async () => {
  const workbench = scope.defer(new Workbench({}), (started) => started.stop());
  const handed: number[][] = [[], []];
  const servers = handed.map((ports) => ({
    hand: (connection: Socket) => {
      ports.push(connection.remotePort!);
      connection.end();
    },
  }));
  const port = await openFront(workbench, servers);
  for (let n = 0; n < 4; n++) await once(connect(port, '127.0.0.1').resume(), 'close');
  expect(handed.map((ports) => ports.length)).toEqual([2, 2]);
});

test('a program that ends tells how, to whoever waits for a line of it', async () => {
  const program = startProgram('sh', ['-c', 'echo one; echo trouble >&2; exit 3']);
  expect(await program.nextLine()).toBe('one');
  await expect(program.nextLine()).rejects.toThrow('sh ended (code 3): trouble');
  await expect(startProgram('no-such-program', []).nextLine()).rejects.toThrow('no-such-program could not be started');
});

test('what processes use is read from outside: CPU of all their threads, memory of those that are no helpers', () => {
  const end = watchUse([process.pid], [process.ppid]);
  const before = process.cpuUsage();
  const cpuSeconds = () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  };
  while (cpuSeconds() < 0.2);
  const used = end();
  expect(used.cpuSeconds).toBeGreaterThan(0.15);
  const rssMiB = process.memoryUsage.rss() / 1024 ** 2;
  expect(used.rssMiB / rssMiB).toBeCloseTo(1, 1);
});

test('memory that a process takes is growth of its own', () => {
  const end = watchUse([process.pid]);
  const taken = Buffer.alloc(64 * 1024 ** 2, 1);
  expect(end().ownGrowthMiB).toBeGreaterThan(48);
  expect(taken).toHaveLength(64 * 1024 ** 2);
});
