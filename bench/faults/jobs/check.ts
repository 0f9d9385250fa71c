import type { JobState } from '../../../shared/protocol.js';
import type { Effect, JobHistories, JobHistory } from './history.js';
import { VALUES_PER_JOB } from './plan.js';

/** What the jobs of one run come to. Everything but the first group should be 0. */
export interface JobCheck {
  readonly submitted: number;
  readonly acked: number;
  /** Without a key, and not acknowledged: refused, or the answer was lost. */
  readonly unanswered: number;
  readonly done: number;
  /** Poisonous, failed, and among the dead letters. */
  readonly deadLetters: number;
  /** Failed because their worker was lost under them as often as a poisonous job's. */
  readonly lostTooOften: number;
  readonly progress: number;
  readonly effects: number;
  /** Ends that a subscription told again, which a return asked for. */
  readonly toldAgain: number;

  /** With a key, and never acknowledged. */
  readonly unfinished: number;
  /** Acknowledged, and their submitter heard of no end. */
  readonly withoutEnd: number;
  /** Of these: still active or queued. */
  readonly hanging: number;
  /** More than one end, told or in the job's room. */
  readonly twoEnds: number;
  /** An end that was told more often than it was asked for. */
  readonly toldTooOften: number;
  /** Told an end that the job's room does not have. */
  readonly endNotLogged: number;
  /** Ended as nothing in their nature says. */
  readonly endedWrong: number;
  /** Poisonous, and not among the dead letters. */
  readonly poisonAtLarge: number;
  /** Two jobs for one key. */
  readonly splitKeys: number;
  /** Effects of done jobs that are not in the room. */
  readonly effectsMissing: number;
  readonly effectsTwice: number;
  /** Effects of no job. */
  readonly effectsUnexpected: number;
  /** The first findings of each sort as sentences. */
  readonly examples: readonly string[];
}

/** What must be 0 for a run to pass. */
export const JOBS_MUST_BE_ZERO = [
  'unfinished',
  'withoutEnd',
  'hanging',
  'twoEnds',
  'toldTooOften',
  'endNotLogged',
  'endedWrong',
  'poisonAtLarge',
  'splitKeys',
  'effectsMissing',
  'effectsTwice',
  'effectsUnexpected',
] as const satisfies (keyof JobCheck)[];

/** A job whose process is lost under it this often fails: docs/jobs.md, dead letters. */
const CRASHES_MAX = 3;
/** Of each sort. */
const EXAMPLES = 5;

/** Judges the histories of a run by themselves: no network, no clock. */
export function checkJobs({ jobs, seen, log }: JobHistories): JobCheck {
  const examples: string[] = [];
  const found = (findings: readonly string[]) => {
    examples.push(...findings.slice(0, EXAMPLES));
    return findings.length;
  };
  /** Those of which it holds, each told as a sentence. */
  const those = (of: readonly JobHistory[], says: (job: JobHistory) => string | false) =>
    found(of.flatMap((job) => (says(job) === false ? [] : [`job ${nameOf(job)}: ${says(job)}`])));
  const acked = jobs.filter(({ ids }) => ids.size > 0);
  const ended = acked.filter(({ ends }) => ends.length > 0);
  const done = ended.filter((job) => endOf(job).state === 'done');
  const [inRoom, inLog] = [countEach(seen), countEach(log)];
  const effects = new Set([...inRoom.keys(), ...inLog.keys()]);
  return {
    submitted: jobs.length,
    acked: acked.length,
    unanswered: jobs.filter(({ plan, ids }) => plan.key === undefined && ids.size === 0).length,
    done: done.length,
    deadLetters: ended.filter((job) => job.plan.does === 'exit' && isDead(job)).length,
    lostTooOften: ended.filter((job) => job.plan.does !== 'exit' && isDead(job)).length,
    progress: sum(jobs.map(({ progress }) => progress)),
    effects: effects.size,
    toldAgain: sum(ended.map(({ ends }) => ends.length - 1)),
    unfinished: those(jobs, ({ plan, ids }) => plan.key !== undefined && ids.size === 0 && 'never acknowledged'),
    withoutEnd: those(
      acked,
      ({ ends, left, logged, states }) =>
        ends.length === 0 && `no end was told, after ${states} states; it is ${left}, its room has ${logged?.length} ends`,
    ),
    hanging: acked.filter(({ ends, left }) => ends.length === 0 && (left === 'active' || left === 'queued')).length,
    twoEnds: those(acked, (job) => new Set(endsOf(job).map(nameOfEnd)).size > 1 && `ended as ${endsOf(job).map(nameOfEnd).join(', ')}`),
    toldTooOften: those(ended, ({ ends, asked }) => ends.length > asked && `told ${ends.length} times, asked for ${asked} times`),
    endNotLogged: those(ended, (job) => job.logged?.length === 0 && 'the end that was told is not in its room'),
    endedWrong: those(ended, (job) => !isExpected(job) && `${endOf(job).state}: ${endOf(job).error?.message}`),
    poisonAtLarge: those(acked, (job) => job.plan.does === 'exit' && !isDead(job) && 'poisonous, and not among the dead letters'),
    splitKeys: those(jobs, ({ ids }) => ids.size > 1 && `one key has the jobs ${[...ids].join(', ')}`),
    effectsMissing: those(
      done,
      ({ plan }) => plan.values.some((value) => !inRoom.has(value) || !inLog.has(value)) && 'an effect is missing',
    ),
    effectsTwice: found([...repeatsIn(inRoom, 'a reader saw'), ...repeatsIn(inLog, 'the log has')]),
    effectsUnexpected: found(strayValues(effects, jobs)),
    examples,
  };
}

const nameOf = ({ plan, ids }: JobHistory) => `${plan.number} (${plan.does}, ${[...ids].join(', ') || 'no id'})`;
const endOf = ({ ends }: JobHistory) => ends[0]!;
const endsOf = ({ ends, logged = [] }: JobHistory) => [...ends, ...logged];
const nameOfEnd = ({ state, revision }: JobState) => `${state} at ${revision}`;
const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

const isDead = (job: JobHistory) => endOf(job)?.state === 'failed' && (job.crashes ?? 0) >= CRASHES_MAX;
const isExpected = (job: JobHistory) => (job.plan.does !== 'exit' && endOf(job).state === 'done') || isDead(job);

/** How often each value comes. */
function countEach(effects: readonly Effect[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { value } of effects) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function repeatsIn(counts: ReadonlyMap<number, number>, who: string): string[] {
  return [...counts].flatMap(([value, count]) => (count > 1 ? [`${who} the effect ${value} ${count} times`] : []));
}

function strayValues(values: Iterable<number>, jobs: readonly JobHistory[]): string[] {
  const planned = new Map(jobs.map(({ plan }) => [plan.number, plan.values]));
  const isStray = (value: number) => !planned.get(Math.floor(value / VALUES_PER_JOB))?.includes(value);
  return [...values].filter(isStray).map((value) => `the effect ${value} is of no job`);
}
