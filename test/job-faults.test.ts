import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readCommand } from '../bench/faults/command-line.js';
import { withJobs } from '../bench/faults/document.js';
import { waitUntilAllOver } from '../bench/faults/jobs/all-over.js';
import { checkJobs, type JobCheck } from '../bench/faults/jobs/check.js';
import { jobsCommandOf } from '../bench/faults/jobs/command-line.js';
import type { Effect, JobHistory } from '../bench/faults/jobs/history.js';
import { type Deed, planJob } from '../bench/faults/jobs/plan.js';
import { wrongWithJobs } from '../bench/faults/jobs/report.js';
import type { JobsRun } from '../bench/faults/jobs/run.js';
import type { JobState } from '../shared/protocol.js';
import { runFaultBench } from './support/fault-bench.js';
import { ROOT } from './support/files.js';
import { testScope } from './support/scope.js';

const scope = testScope();

const end = (state: JobState['state'], revision = 9): JobState => ({ jobId: 'a', name: 'fault', createdAt: 1, state, revision });

/** A job that was handed in, without a key where there are such, did its work and told it once. */
function job(does: Deed, more: Partial<JobHistory> = {}): JobHistory {
  const plans = Array.from({ length: 1_000 }, (_, number) => planJob(number)).filter((one) => one.does === does);
  const plan = plans.find(({ key }) => key === undefined) ?? plans[0]!;
  const told = { asked: 1, ends: [end('done')], logged: [end('done')], states: 3, progress: 0 };
  return { plan, submittedMs: 0, ids: new Set(['a']), ...told, ...more };
}
const effectsOf = ({ plan }: JobHistory): Effect[] => plan.values.map((value) => ({ room: 'chat:r', value }));

/** What is not zero of what should be. */
function found(one: JobHistory, seen = effectsOf(one), log = effectsOf(one)): Partial<JobCheck> {
  const check = checkJobs({ jobs: [one], seen, log });
  const { submitted, acked, unanswered, done, deadLetters, lostTooOften, progress, effects, toldAgain, examples, ...findings } = check;
  const kept = Object.fromEntries(Object.entries(findings).filter(([, count]) => count > 0));
  expect(Object.keys(kept).length > 0).toBe(examples.length > 0);
  return kept;
}

test('jobs that end once and whose effects are there once have no findings', () => {
  for (const does of ['nothing', 'publish', 'wait'] as const) expect(found(job(does))).toEqual({});
  expect(found(job('exit', { ends: [end('failed')], logged: [end('failed')], crashes: 3 }))).toEqual({});
  expect(found(job('wait', { ends: [end('failed')], logged: [end('failed')], crashes: 3 }), [], [])).toEqual({});
  // Nobody was told that it was taken.
  expect(found(job('publish', { ids: new Set(), ends: [] }), [], [])).toEqual({});
});

test('an end that is missing, comes twice, differs from what the room has, or is wrong is found', () => {
  expect(found(job('nothing', { ends: [], logged: [], left: 'active' }))).toEqual({ withoutEnd: 1, hanging: 1 });
  expect(found(job('nothing', { ends: [], left: 'done' }))).toEqual({ withoutEnd: 1 });
  expect(found(job('nothing', { ends: [end('done'), end('failed', 10)], asked: 2 }))).toEqual({ twoEnds: 1 });
  expect(found(job('nothing', { logged: [end('done'), end('done', 10)] }))).toEqual({ twoEnds: 1 });
  expect(found(job('nothing', { ends: [end('done'), end('done')] }))).toEqual({ toldTooOften: 1 });
  expect(found(job('nothing', { ends: [end('done'), end('done')], asked: 2 }))).toEqual({});
  expect(found(job('nothing', { logged: [] }))).toEqual({ endNotLogged: 1 });
  expect(found(job('nothing', { ends: [end('failed')], logged: [end('failed')], crashes: 1 }))).toEqual({ endedWrong: 1 });
});

test('a poisonous job that is not among the dead letters is found, and so is a key with two jobs or none', () => {
  expect(found(job('exit', { ends: [end('failed')], logged: [end('failed')] }))).toEqual({ endedWrong: 1, poisonAtLarge: 1 });
  expect(found(job('exit'))).toEqual({ endedWrong: 1, poisonAtLarge: 1 });
  const keyed = planJob(3);
  expect(keyed).toMatchObject({ key: 'job-3', twice: true });
  expect(found(job('nothing', { plan: keyed, ids: new Set(['a', 'b']) }))).toEqual({ splitKeys: 1 });
  expect(found(job('nothing', { plan: keyed, ids: new Set(), ends: [] }))).toEqual({ unfinished: 1 });
});

test('an effect that is missing, comes twice or belongs to no job is found', () => {
  const one = job('publish');
  const [first, second] = effectsOf(one);
  expect(found(one, [first!], [first!, second!])).toEqual({ effectsMissing: 1 });
  expect(found(one, [first!, second!], [second!])).toEqual({ effectsMissing: 1 });
  expect(found(one, [first!, second!, second!])).toEqual({ effectsTwice: 1 });
  expect(found(one, [first!, second!, { room: 'chat:r', value: 5 }])).toEqual({ effectsUnexpected: 1 });
});

test('a run is judged when Redis has nothing left to tell: silence ends it only then, or after much longer', async () => {
  const waits = { silentMs: 20, hangingMs: 60_000, lookMs: 1 };
  let looks = 0;
  const late = { open: () => (looks > 100 ? 0 : 5), inRedis: async () => (looks++ < 100 ? 7 : 0) };
  expect(await waitUntilAllOver(late, waits)).toBe(true);
  expect(await waitUntilAllOver({ open: () => 1, inRedis: async () => 0 }, waits)).toBe(false);
  expect(await waitUntilAllOver({ open: () => 0, inRedis: async () => 1 }, { ...waits, hangingMs: 20 })).toBe(false);
});

test('the command line of the jobs is read, given back, and refused in one line', () => {
  const read = readCommand('jobs --minutes 0.5 --rate 50 --faults worker-stop --write'.split(' '));
  expect(read).toMatchObject({ do: 'jobs', write: true, settings: { minutes: 0.5, seed: 1, perSecond: 50, kinds: ['worker-stop'] } });
  expect(read.do === 'jobs' && jobsCommandOf(read.settings)).toBe(
    'npm run faults -- jobs --minutes 0.5 --seed 1 --rate 50 --faults worker-stop',
  );
  const usual = readCommand(['jobs']);
  expect(usual.do === 'jobs' && jobsCommandOf(usual.settings)).toBe('npm run faults -- jobs --minutes 3 --seed 1');
  expect(() => readCommand(['jobs', '--rate', '0'])).toThrow('--rate takes a number from 1 to 10000, not 0');
  expect(() => readCommand(['jobs', '--faults', 'earthquake'])).toThrow('no fault is named earthquake');
});

const SEED = 5;

test(`jobs whose worker and Redis are killed end once, and their effects come once (seed ${SEED})`, async () => {
  const flags = `jobs --minutes 0.15 --seed ${SEED} --rate 60 --submitters 3 --rooms 2 --faults worker-kill,redis-kill`;
  const { run, stdout } = await runFaultBench<JobsRun>(scope, flags);
  expect({ wrong: wrongWithJobs(run), stdout }).toEqual({ wrong: [], stdout });
  expect(run.faults.map(({ kind }) => kind)).toContain('worker-kill');
  expect(run.check.acked).toBeGreaterThan(100);
  expect(run.check.effects).toBeGreaterThan(50);
  expect(run.check.deadLetters).toBeGreaterThan(0);
  expect(wrongWithJobs({ ...run, check: { ...run.check, twoEnds: 2 }, crashes: ['hub-1 ended by itself'] })).toEqual([
    'twoEnds: 2',
    'hub-1 ended by itself',
  ]);
  const document = await readFile(join(ROOT, 'docs/reliability.md'), 'utf8');
  expect(withJobs(document, run)).toContain(run.command);
}, 300_000);
