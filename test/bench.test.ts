import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { readCommand } from '../bench/command-line.js';
import { parseCpuList, placeApart } from '../bench/cpus.js';
import { pictureOf, withResult } from '../bench/document.js';
import { Deliveries } from '../bench/load/deliveries.js';
import { measure } from '../bench/measure.js';
import { describeClaim, ratio, tableOf } from '../bench/report.js';
import { type BenchResult, summarise } from '../bench/result.js';
import type { Scenario } from '../bench/scenario.js';
import { SCENARIOS } from '../bench/scenarios.js';
import { median, percentile } from '../bench/stats.js';
import { Workbench } from '../bench/workbench.js';
import { ROOT, temporaryDir } from './support/files.js';
import { testScope } from './support/scope.js';

const scope = testScope();
const MAIN = join(ROOT, 'dist/bench/main.js');
const DOCUMENT = join(ROOT, 'docs/benchmarks.md');

async function bench(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, [MAIN, ...args], { cwd: ROOT });
}

test('`jobs` runs all its modes, delivers every message, and puts table and picture into the document', async () => {
  const dir = await temporaryDir(scope);
  await writeFile(join(dir, 'benchmarks.md'), await readFile(DOCUMENT));
  const jsonFile = join(dir, 'result.json');
  const flags = '--repeats 1 --seconds 1 --warm-up-seconds 0.2 --job-seconds 0.2 --subscribers 3 --write'.split(' ');
  const { stdout } = await bench('jobs', ...flags, '--docs', dir, '--json', jsonFile);

  const result: BenchResult = JSON.parse(await readFile(jsonFile, 'utf8'));
  expect(result.modes.map(({ key }) => key)).toEqual(['idle', 'offloaded', 'in-turns', 'on-loop']);
  for (const { key, runs, median } of result.modes) {
    expect(runs).toHaveLength(1);
    for (const measure of result.measures)
      expect({ key, measure: measure.key, value: median[measure.key] }).toMatchObject({ value: expect.any(Number) });
    expect(median.published).toBeGreaterThan(0);
    expect(median.delivered).toBe(3 * median.published!);
    expect(median.cpuSeconds).toBeGreaterThan(0);
  }
  expect(result.modes[0]!.median.jobsDone).toBe(0);
  expect(result.facts.jobPrimes).toBeGreaterThan(0);
  expect(result.claims).toHaveLength(1);

  expect(stdout).toContain('event-loop delay p99, ms');
  const document = await readFile(join(dir, 'benchmarks.md'), 'utf8');
  expect(document).toContain('| event-loop delay p99, ms ');
  expect(document).toContain('](benchmarks-jobs.svg)');
  expect(document).toContain(result.command);
  expect((await readdir(dir)).sort()).toEqual(['benchmarks-jobs.svg', 'benchmarks.md', 'result.json']);
}, 120_000);

test('a wrong command line is one line that says what is wrong', async () => {
  await expect(bench('nothing')).rejects.toMatchObject({ code: 1, stderr: 'no scenario is named nothing: there is jobs\n' });
  for (const [args, wrong] of [
    ['jobs --repeats 0', '--repeats takes a number from 1 to 1000, not 0'],
    ['jobs --repeats 1.5', '--repeats takes a whole number'],
    ['jobs --job-seconds soon', '--job-seconds takes a number from 0.05 to 60, not soon'],
    ['jobs idle', 'what is idle?'],
    ['jobs --much', "Unknown option '--much'"],
  ] as const) {
    expect(() => readCommand(args.split(' '), SCENARIOS)).toThrow(wrong);
  }
  expect((await bench()).stdout).toContain('--job-seconds N');
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
      { key: 'theirs', label: 'the <others>' },
    ],
    control: 'theirs',
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
  expect(tableOf(result)).toEqual([
    ['', 'ours', 'the <others> (control)', 'ours / control'],
    ['wait, ms', '2.0 (1.0-3.0)', '60.0 (40.0-80.0)', '0.033x'],
  ]);
  expect(result.claims.map((claim) => describeClaim(result, claim))).toEqual([
    'ours: wait is 2.0 ms, claimed below 20 ms: met',
    'the <others>: wait, relative to ours is 30x, claimed at least 50x: NOT met',
  ]);
  expect([ratio(0.0123), ratio(1), ratio(9.87), ratio(1_234.5)]).toEqual(['0.012x', '1x', '9.9x', '1,235x']);
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
  expect(written).not.toContain('7.0');
  const start = document.indexOf('<!-- jobs:');
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
  await heard(0, 1, 2).complete(0);
  await expect(heard(0, 1).complete(0)).rejects.toThrow('1 of 3 deliveries did not come');
  await expect(heard(0, 1, 1, 2).complete(0)).rejects.toThrow('subscriber 0 heard message 1 where 2 was next');
  await expect(heard(0, 2, 1).complete(0)).rejects.toThrow('subscriber 0 heard message 2 where 1 was next');
});
