import type { Workbench } from './workbench.js';

/** One thing that a scenario compares with another. */
export interface Mode<Key extends string = string> {
  readonly key: Key;
  readonly label: string;
  /** Modes of one group are compared with each other, in a table of their own; left out where the scenario has one table. */
  readonly group?: string;
  /** What the others of its group are shown as ratios to. */
  readonly isControl?: true;
}

/** A figure that each run of each mode gives. */
export interface Measure<Key extends string = string> {
  readonly key: Key;
  readonly label: string;
  readonly unit: string;
  /** Digits after the point. */
  readonly digits: number;
  /** Shown as a ratio to the control too. */
  readonly compared?: true;
}

/** A number that the command line may set, in the unit that its name says. */
export interface ScenarioOption {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly about: string;
}

/** What the medians must show: a mode's figure, or its ratio to that of the mode `relativeTo`. */
export interface Claim<ModeKey extends string = string, MeasureKey extends string = string> {
  readonly mode: ModeKey;
  readonly measure: MeasureKey;
  readonly relativeTo?: ModeKey;
  readonly limit: Limit;
}
export type Limit = { readonly below: number } | { readonly atMost: number } | { readonly atLeast: number };

export interface RunSettings<Option extends string = string> {
  /** Length of the measured window. */
  readonly seconds: number;
  /** Load before the window, which is not measured. */
  readonly warmUpSeconds: number;
  readonly options: Readonly<Record<Option, number>>;
}

/** A scenario made ready: what it found out about this machine, and one run of one mode on processes of its own. */
export interface PreparedScenario<ModeKey extends string, MeasureKey extends string> {
  readonly facts: Readonly<Record<string, number>>;
  run(mode: ModeKey): Promise<Record<MeasureKey, number>>;
}

export interface Scenario<ModeKey extends string = string, MeasureKey extends string = string, Option extends string = string> {
  /** As the command line calls it. */
  readonly name: string;
  /** One line for `--help`. */
  readonly about: string;
  readonly options: Readonly<Record<Option, ScenarioOption>>;
  readonly modes: readonly Mode<ModeKey>[];
  readonly measures: readonly Measure<MeasureKey>[];
  /** The measures that the picture shows. */
  readonly pictured: readonly MeasureKey[];
  readonly claims: readonly Claim<ModeKey, MeasureKey>[];
  /** Where the usual length does not suit it. */
  readonly defaults?: Partial<Record<'repeats' | 'seconds' | 'warmUpSeconds', number>>;
  /** @throws Error in one line when the scenario cannot run here */
  prepare(workbench: Workbench, settings: RunSettings<Option>): Promise<PreparedScenario<ModeKey, MeasureKey>>;
}
