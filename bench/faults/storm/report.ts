import { describeMachine } from '../../machine.js';
import { figure, markdownTable, ratio, textTable } from '../../report.js';
import { median, percentile, perOne } from '../../stats.js';
import type { StormRun } from './run.js';

const GOALS = { backMs: 30_000, delayRatio: 2, readsPerClient: 0.5 };

const httpErrors = ({ crowd, watchers }: StormRun, digit: '4' | '5') =>
  [crowd, watchers]
    .flatMap(({ refusals }) => Object.entries(refusals))
    .reduce((sum, [code, count]) => sum + (code.startsWith(`HTTP ${digit}`) ? count : 0), 0);

const codes = ({ crowd, watchers }: StormRun) =>
  [crowd, watchers].flatMap(({ refusals }) => Object.entries(refusals)).filter(([code]) => !code.startsWith('HTTP'));

const delayRatio = ({ watchers: { delays } }: StormRun) => perOne(delays.duringP99Ms, delays.beforeP99Ms);

/** What is wrong with a run, in words; nothing where it passed. How long messages took is no part of it: it hangs on who shares the machine. */
export function wrongWithStorm(run: StormRun): string[] {
  const { crowd, watchers, crashes } = run;
  const missing = crowd.lost - crowd.backMs.length;
  const wrong: readonly (readonly [number, string])[] = [
    [missing, 'clients that did not come back'],
    [crowd.backMs.filter((ms) => ms > GOALS.backMs).length, 'clients that took longer than 30 s to come back'],
    [crowd.stranded + watchers.stranded, 'clients without the last message'],
    [crowd.unrecovered, 'returns that were not recovered'],
    [crowd.holes + watchers.holes, 'holes'],
    [crowd.repeats + watchers.repeats, 'messages that came again'],
    [watchers.lost, 'connections lost on instances that stayed'],
    [httpErrors(run, '4'), 'answers HTTP 4xx'],
  ];
  const nobody = crowd.lost === 0 ? ['no client lost its connection: nothing was tried'] : [];
  return [...nobody, ...wrong.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`), ...crashes];
}

function stormTable(run: StormRun): string[][] {
  const { crowd, watchers, logReads, crashes, settings } = run;
  const seconds = (ms: number) => figure(ms / 1_000, 2);
  const { delays } = watchers;
  const back = crowd.backMs.length > 0 ? crowd.backMs : [Number.NaN];
  return [
    ['', 'figure', 'goal'],
    ['clients', figure(settings.clients, 0), ''],
    ['of these, on the killed instance', figure(crowd.lost, 0), ''],
    ['back with all that they missed', figure(crowd.backMs.length, 0), 'all'],
    ['after, median, s', seconds(median(back)), ''],
    ['after, p95, s', seconds(percentile(back, 95)), ''],
    ['after, the last one, s', seconds(percentile(back, 100)), `${GOALS.backMs / 1_000}`],
    ['holes, messages twice, returns not recovered', figure(crowd.holes + crowd.repeats + crowd.unrecovered, 0), '0'],
    ['without the last message of their room', figure(crowd.stranded + watchers.stranded, 0), '0'],
    ['answers HTTP 4xx', figure(httpErrors(run, '4'), 0), '0'],
    ['answers HTTP 5xx', figure(httpErrors(run, '5'), 0), ''],
    [
      'refused by code',
      codes(run)
        .map(([code, count]) => `${count} ${code}`)
        .join(', ') || '0',
      '',
    ],
    ['processes that ended by themselves', figure(crashes.length, 0), '0'],
    ['reads of the log meanwhile', figure(logReads, 0), ''],
    ['per returning client', figure(perOne(logReads, crowd.lost), 2), `${GOALS.readsPerClient}`],
    ['CPU of the instances that stay, per return, ms', figure(1_000 * perOne(run.cpuSeconds, crowd.lost), 2), ''],
    ['publish to deliver on the instances that stay, before, p99, ms', figure(delays.beforeP99Ms, 1), ''],
    ['meanwhile, p99, ms', figure(delays.duringP99Ms, 1), ''],
    ['ratio', ratio(delayRatio(run)), `${GOALS.delayRatio}x`],
  ];
}

function describeStorm({ settings, machine, startedAt }: StormRun): string {
  const { clients, rooms, perSecond, seed } = settings;
  return [
    `Seed ${seed}, ${figure(clients, 0)} clients in ${rooms} rooms, ${perSecond} publications/s.`,
    `${describeMachine(machine)}, load before: ${machine.loadBefore}. ${startedAt.slice(0, 10)}.`,
  ].join(' ');
}

/** The whole run for a terminal. */
export function textStorm(run: StormRun): string {
  const wrong = wrongWithStorm(run);
  const verdict = wrong.length === 0 ? 'Passed.' : `Failed: ${wrong.join('; ')}.`;
  return [textTable(stormTable(run)), describeStorm(run), verdict, run.command].join('\n\n');
}

/** The run for the document. */
export function markdownStorm(run: StormRun): string {
  return [markdownTable(stormTable(run)), `${describeStorm(run)} By`, `\`\`\`sh\n${run.command} --write\n\`\`\``].join('\n\n');
}
