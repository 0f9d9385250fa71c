import { groupBy } from '../../../shared/group-by.js';
import { describeMachine } from '../../machine.js';
import { figure, markdownTable, textTable } from '../../report.js';
import { perOne } from '../../stats.js';
import { JOBS_MUST_BE_ZERO, type JobCheck } from './check.js';
import type { JobsRun } from './run.js';

const ROWS: readonly (readonly [keyof JobCheck, string])[] = [
  ['submitted', 'jobs handed in'],
  ['acked', 'acknowledged'],
  ['unanswered', 'without a key, and refused or not answered'],
  ['done', 'done'],
  ['deadLetters', 'poisonous, and among the dead letters'],
  ['lostTooOften', 'failed, their worker being lost three times'],
  ['progress', 'times that progress was told'],
  ['effects', 'effects in the rooms'],
  ['toldAgain', 'ends told again to one who asked again'],
  ['unfinished', 'with a key, and never acknowledged'],
  ['withoutEnd', 'acknowledged, and the submitter heard of no end'],
  ['hanging', 'of these, active or queued for ever'],
  ['twoEnds', 'more than one end'],
  ['toldTooOften', 'an end told more often than it was asked for'],
  ['endNotLogged', "told an end that the job's room does not have"],
  ['endedWrong', 'failed or cancelled without a cause'],
  ['poisonAtLarge', 'poisonous, and not among the dead letters'],
  ['splitKeys', 'two jobs for one key'],
  ['effectsMissing', 'done, and an effect is missing'],
  ['effectsTwice', 'effects that came twice'],
  ['effectsUnexpected', 'effects of no job'],
];

/** What is wrong with a run, in words; nothing where it passed. */
export function wrongWithJobs({ check, crashes }: Pick<JobsRun, 'check' | 'crashes'>): string[] {
  return [...JOBS_MUST_BE_ZERO.filter((key) => check[key] > 0).map((key) => `${key}: ${check[key]}`), ...crashes];
}

function countsTable({ check, crashes, heldBack, reconnects, seconds, ...times }: JobsRun): string[][] {
  const inSeconds = (ms: number) => figure(ms / 1_000, 2);
  return [
    ['', 'Roomcast'],
    ...ROWS.map(([key, label]) => [label, figure(check[key] as number, 0)]),
    ['processes that ended by themselves', figure(crashes.length, 0)],
    ['acknowledged per second', figure(perOne(check.acked, seconds), 1)],
    ['not handed in, too many being without an answer', figure(heldBack, 0)],
    ['connections that submitters lost', figure(reconnects, 0)],
    ['first submission to the end as it is told, median, s', inSeconds(times.endP50Ms)],
    ['p99, s', inSeconds(times.endP99Ms)],
    ['max, s', inSeconds(times.endMaxMs)],
  ];
}

function describeFaults({ faults }: JobsRun): string {
  const counts = [...groupBy(faults, ({ kind }) => kind)].map(([kind, those]) => `${those.length} × \`${kind}\``);
  return `Faults: ${counts.join(', ') || 'none'}.`;
}

function describeJobs(run: JobsRun): string {
  const { settings, machine, startedAt } = run;
  const { seed, minutes, perSecond, submitters } = settings;
  return [
    describeFaults(run),
    `Seed ${seed}, ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}, ${perSecond} jobs/s of ${submitters} submitters.`,
    `${describeMachine(machine)}, load before: ${machine.loadBefore}. ${startedAt.slice(0, 10)}.`,
  ].join(' ');
}

/** The whole run for a terminal. */
export function textJobs(run: JobsRun): string {
  const wrong = wrongWithJobs(run);
  return [
    textTable(countsTable(run)),
    describeJobs(run),
    ...(run.check.examples.length > 0 ? [run.check.examples.join('\n')] : []),
    wrong.length === 0 ? 'Passed.' : `Failed: ${wrong.join('; ')}.`,
    run.command,
  ].join('\n\n');
}

/** The run for the document. */
export function markdownJobs(run: JobsRun): string {
  return [markdownTable(countsTable(run)), `${describeJobs(run)} By`, `\`\`\`sh\n${run.command} --write\n\`\`\``].join('\n\n');
}
