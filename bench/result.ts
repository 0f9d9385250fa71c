import type { Placement } from './cpus.js';
import type { MachineFacts } from './machine.js';
import type { Claim, Limit, Measure, Mode, RunSettings, Scenario } from './scenario.js';
import { median } from './stats.js';

type Figures = Readonly<Record<string, number>>;

export interface ModeResult extends Mode {
  readonly runs: readonly Figures[];
  readonly median: Figures;
  /** The median's ratio to that of the group's control, of compared measures; left out where that is 0. */
  readonly ratio: Figures;
}

export interface ClaimResult extends Claim {
  readonly measured: number;
  readonly met: boolean;
}

/** What `--json` writes. */
export interface BenchResult {
  readonly scenario: string;
  /** What makes the same again. */
  readonly command: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly machine: MachineFacts;
  readonly placement: Placement;
  readonly settings: RunSettings & { readonly repeats: number };
  readonly facts: Figures;
  readonly measures: readonly Measure[];
  readonly pictured: readonly string[];
  readonly modes: readonly ModeResult[];
  readonly claims: readonly ClaimResult[];
}

/** The modes that stand in one table together, in the order in which their groups first come. */
export function groupsOf<One extends Mode>(modes: readonly One[]): { group: string | undefined; modes: One[] }[] {
  return [...new Set(modes.map(({ group }) => group))].map((group) => ({ group, modes: modes.filter((mode) => mode.group === group) }));
}

type Conditions = Pick<BenchResult, 'command' | 'startedAt' | 'machine' | 'placement' | 'settings' | 'facts'>;

/** Sums up the runs of each mode, by its key. */
export function summarise(
  { name, measures, pictured, modes, claims }: Scenario,
  runs: ReadonlyMap<string, readonly Figures[]>,
  conditions: Conditions,
): BenchResult {
  const medians = new Map(modes.map(({ key }) => [key, mediansOf(measures, runs.get(key)!)]));
  const results = modes.map((mode) => {
    const control = modes.find(({ group, isControl }) => isControl && group === mode.group);
    return {
      ...mode,
      runs: runs.get(mode.key)!,
      median: medians.get(mode.key)!,
      ratio: !control || mode.isControl ? {} : ratios(measures, medians.get(mode.key)!, medians.get(control.key)!),
    };
  });
  return {
    scenario: name,
    ...conditions,
    measures,
    pictured,
    modes: results,
    claims: claims.map((claim) => hold(claim, medians)),
  };
}

function mediansOf(measures: readonly Measure[], runs: readonly Figures[]): Figures {
  return Object.fromEntries(measures.map(({ key }) => [key, median(runs.map((run) => run[key]!))]));
}

function ratios(measures: readonly Measure[], of: Figures, to: Figures): Figures {
  return Object.fromEntries(measures.flatMap(({ key, compared }) => (compared && to[key] !== 0 ? [[key, of[key]! / to[key]!]] : [])));
}

function hold(claim: Claim, medians: ReadonlyMap<string, Figures>): ClaimResult {
  const { mode, measure, relativeTo, limit } = claim;
  const figure = medians.get(mode)![measure]!;
  const measured = relativeTo === undefined ? figure : figure / medians.get(relativeTo)![measure]!;
  return { ...claim, measured, met: isWithin(measured, limit) };
}

function isWithin(measured: number, limit: Limit): boolean {
  if ('below' in limit) return measured < limit.below;
  return 'atMost' in limit ? measured <= limit.atMost : measured >= limit.atLeast;
}
