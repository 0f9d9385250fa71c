import { describeMachine } from '../machine.js';
import { figure, markdownTable, textTable } from '../report.js';
import { median, percentile } from '../stats.js';
import { type CheckResult, MUST_BE_ZERO } from './check.js';
import { FAULT_KINDS } from './kinds.js';
import type { FaultRun } from './run.js';

const ROWS: readonly (readonly [keyof CheckResult, string])[] = [
  ['published', 'published'],
  ['acked', 'acknowledged'],
  ['read', 'read, each reader counted'],
  ['logEntries', 'entries of the last log, compared'],
  ['repeatedAcks', 'acknowledged as a repetition'],
  ['announcedLost', 'lost and announced to every reader (`FLUSHALL`)'],
  ['passedOver', 'passed over and announced, still in the log'],
  ['shownAgain', 'shown again in another epoch'],
  ['unfinished', 'never acknowledged'],
  ['lost', 'lost: acknowledged, and a reader neither has it nor was told'],
  ['lostHead', 'of these by reader: before its first message'],
  ['lostMiddle', 'in the middle'],
  ['lostTail', 'after its last message'],
  ['missingInLog', 'acknowledged, and not in the log'],
  ['unexpected', 'unexpected: nobody published it'],
  ['duplicated', 'shown twice to one reader'],
  ['storedTwice', 'stored twice'],
  ['reordered', 'reordered'],
  ['silentGaps', 'silent gaps'],
  ['diverged', 'diverged: two values at one position'],
  ['refusedYetStored', 'refused, yet stored'],
];

/** What is wrong with a run, in words; nothing where it passed. */
export function wrongWith({ check, stranded, crashes, recoveries, jobs }: FaultRun): string[] {
  return [
    ...MUST_BE_ZERO.filter((key) => check[key] > 0).map((key) => `${key}: ${check[key]}`),
    ...(stranded.length > 0 ? [`${stranded.length} readers without the last message: ${stranded.slice(0, 5).join(', ')}`] : []),
    ...(recoveries.includes(undefined) ? ['not recovered from every fault'] : []),
    ...(jobs.failed > 0 ? [`${jobs.failed} accepted jobs without a good end`] : []),
    ...crashes,
  ];
}

function countsTable({ check, heldBack, stranded, crashes, jobs, settings }: FaultRun): string[][] {
  const rows = ROWS.map(([key, label]) => [label, figure(check[key] as number, 0)]);
  const jobRows =
    settings.side === 'control'
      ? []
      : [
          ['jobs accepted', figure(jobs.accepted, 0)],
          ['jobs done', figure(jobs.done, 0)],
          ['jobs gone with the data of Redis, told as unknown', figure(jobs.unknown, 0)],
          ['jobs that failed or have no end', figure(jobs.failed, 0)],
        ];
  return [
    ['', settings.side === 'control' ? 'stock Socket.IO, sharded adapter' : 'Roomcast'],
    ...rows,
    ['readers without the last message of their room', figure(stranded.length, 0)],
    ['processes that ended by themselves, or did not when told to', figure(crashes.length, 0)],
    ['publications not begun, too many being open', figure(heldBack, 0)],
    ...jobRows,
  ];
}

/** Seconds to recover by kind. Overlapped faults are counted, not timed: one would be charged with the other. */
function recoveryTable({ faults, recoveries }: FaultRun): string[][] {
  const rows = FAULT_KINDS.flatMap((kind) => {
    const happened = faults.flatMap((fault, index) => (fault.kind === kind ? [{ ...fault, recovery: recoveries[index] }] : []));
    if (happened.length === 0) return [];
    const timed = happened.filter(({ overlapped }) => !overlapped).flatMap(({ recovery }) => recovery?.afterMs ?? []);
    const seconds = (value: number) => (timed.length === 0 ? '' : figure(value / 1_000, 2));
    const figures = timed.length === 0 ? ['', '', ''] : [median(timed), percentile(timed, 95), Math.max(...timed)].map(seconds);
    return [[kind, String(happened.length), String(timed.length), ...figures]];
  });
  return [['fault', 'times', 'timed', 'median, s', 'p95, s', 'max, s'], ...rows];
}

export function describeRun({ settings, machine, startedAt }: FaultRun): string {
  const { seed, minutes, readers, rooms, perSecond } = settings;
  return [
    `Seed ${seed}, ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}, ${readers} readers in ${rooms} rooms, ${perSecond} publications/s.`,
    `${describeMachine(machine)}, load before: ${machine.loadBefore}. ${startedAt.slice(0, 10)}.`,
  ].join(' ');
}

/** The whole run for a terminal. */
export function textReport(run: FaultRun): string {
  const wrong = wrongWith(run);
  return [
    textTable(countsTable(run)),
    textTable(recoveryTable(run)),
    describeRun(run),
    ...(run.check.examples.length > 0 ? [run.check.examples.join('\n')] : []),
    wrong.length === 0 ? 'Passed.' : `Failed: ${wrong.join('; ')}.`,
    run.command,
  ].join('\n\n');
}

/** The run for the document. */
export function markdownReport(run: FaultRun): string {
  return [
    markdownTable(countsTable(run)),
    'From the heal (black holes, killed instances and workers: from the onset) to the first publication that every reader of its room saw:',
    markdownTable(recoveryTable(run)),
    `${describeRun(run)} By`,
    `\`\`\`sh\n${run.command} --write\n\`\`\``,
  ].join('\n\n');
}
