import type { Placement } from './cpus.js';
import { describeMachine } from './machine.js';
import { type BenchResult, type ClaimResult, groupsOf, type ModeResult } from './result.js';
import type { Limit, Measure } from './scenario.js';

/** A figure as a person reads it: `12,345.6`. */
export function figure(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** `0.012x`: two significant digits below 10, none after the point from there on. */
export function ratio(value: number): string {
  return value >= 10 ? `${figure(value, 0)}x` : `${Number(value.toPrecision(2))}x`;
}

/** The median, and how far the runs lie apart. */
function cell({ median, runs }: ModeResult, { key, digits }: Measure): string {
  const values = runs.map((run) => run[key]!);
  const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => figure(value, digits));
  const middle = figure(median[key]!, digits);
  return least === most ? middle : `${middle} (${least}-${most})`;
}

/** One row for each measure: what each mode of a group gave, and its ratio to the group's control. */
export function tableOf(measures: readonly Measure[], modes: readonly ModeResult[]): string[][] {
  const others = modes.some(({ isControl }) => isControl) ? modes.filter(({ isControl }) => !isControl) : [];
  const head = [
    '',
    ...modes.map(({ label, isControl }) => (isControl ? `${label} (control)` : label)),
    ...others.map(({ label }) => `${label} / control`),
  ];
  const rows = measures.map((measure) => [
    measure.unit === '' ? measure.label : `${measure.label}, ${measure.unit}`,
    ...modes.map((mode) => cell(mode, measure)),
    ...others.map((mode) => (measure.key in mode.ratio ? ratio(mode.ratio[measure.key]!) : '')),
  ]);
  return [head, ...rows];
}

/** Columns padded to one width: the first one reads from the left, figures from the right. */
function padded(rows: readonly string[][]): string[][] {
  const widths = rows[0]!.map((_, column) => Math.max(4, ...rows.map((row) => row[column]!.length)));
  return rows.map((row) => row.map((text, column) => (column === 0 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!))));
}

/** The tables of a result, each under the name of its group where it has one. */
export function tablesOf({ measures, modes }: BenchResult): { group?: string; rows: string[][] }[] {
  return groupsOf(modes).map(({ group, modes: those }) => ({ ...(group !== undefined && { group }), rows: tableOf(measures, those) }));
}

export function textTable(rows: readonly string[][]): string {
  return padded(rows)
    .map((row) => row.join('  ').trimEnd())
    .join('\n');
}

export function markdownTable(rows: readonly string[][]): string {
  const [head, ...body] = padded(rows);
  const rule = head!.map((text, column) => (column === 0 ? '-'.repeat(text.length) : `${'-'.repeat(text.length - 1)}:`));
  return [head!, rule, ...body].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** `offloaded: event-loop delay p99 is 1.23 ms, claimed below 20 ms: met` */
export function describeClaim({ measures, modes }: BenchResult, claim: ClaimResult): string {
  const { label, unit, digits } = measures.find(({ key }) => key === claim.measure)!;
  const modeOf = (mode: string) => modes.find(({ key }) => key === mode)!;
  const { group } = modeOf(claim.mode);
  const other = claim.relativeTo === undefined ? undefined : modeOf(claim.relativeTo);
  const written = (value: number, digitsOf: number) => (other ? ratio(value) : `${figure(value, digitsOf)} ${unit}`.trim());
  const wholeDigits = (value: number) => (Number.isInteger(value) ? 0 : digits);
  const [words, limit] = inWords(claim.limit);
  const compared = other && `, relative to ${other.group === group ? other.label : nameOf(other)}`;
  const subject = `${nameOf(modeOf(claim.mode))}: ${label}${compared ?? ''}`;
  const claimed = `${words} ${written(limit, wholeDigits(limit))}`;
  return `${subject} is ${written(claim.measured, digits)}, claimed ${claimed}: ${claim.met ? 'met' : 'NOT met'}`;
}

/** Labels stand in several groups: the group says which is meant. */
const nameOf = ({ group, label }: ModeResult) => (group === undefined ? label : `${group}, ${label}`);

function inWords(limit: Limit): [words: string, limit: number] {
  if ('below' in limit) return ['below', limit.below];
  return 'atMost' in limit ? ['at most', limit.atMost] : ['at least', limit.atLeast];
}

function describePlacement({ server, client }: Placement): string {
  return server === undefined && client === undefined
    ? 'processes not pinned to cores'
    : `server pinned to core ${server ?? 'any'}, load client to core ${client ?? 'any'}`;
}

/** Where the figures come from, in sentences. */
export function describeConditions({ machine, placement, settings, facts }: BenchResult): string {
  const { repeats, seconds, warmUpSeconds, options } = settings;
  const named = (numbers: Readonly<Record<string, number>>) =>
    Object.entries(numbers).map(([name, value]) => `${name} ${Number(value.toFixed(2))}`);
  return [
    `Medians of ${repeats} ${repeats === 1 ? 'run' : 'runs'} of ${seconds} s each after ${warmUpSeconds} s of warm-up, least and most in brackets;`,
    `modes in turn, each run on processes of its own. ${[...named(options), ...named(facts)].join(', ')}.`,
    `${describeMachine(machine)}; ${describePlacement(placement)}; load before: ${machine.loadBefore}.`,
  ].join(' ');
}

/** The whole result for a terminal. */
export function textReport(result: BenchResult): string {
  return [
    ...tablesOf(result).map(({ group, rows }) => `${group === undefined ? '' : `${group}\n`}${textTable(rows)}`),
    describeConditions(result),
    ...result.claims.map((claim) => describeClaim(result, claim)),
    result.command,
  ].join('\n\n');
}
