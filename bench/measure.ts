import type { RunSettings, Scenario } from './scenario.js';
import type { Workbench } from './workbench.js';

export interface Measured {
  readonly facts: Readonly<Record<string, number>>;
  /** By mode, in the order of the repeats. */
  readonly runs: ReadonlyMap<string, readonly Readonly<Record<string, number>>[]>;
}

/**
 * Runs every mode so many times, in turn, so that what drifts on the machine touches all alike; each repeat begins with another mode.
 * @throws Error when a run fails, or gives a figure that is no number
 */
export async function measure(
  scenario: Scenario,
  workbench: Workbench,
  { repeats, ...settings }: RunSettings & { readonly repeats: number },
  say: (line: string) => void,
): Promise<Measured> {
  const { modes, measures, name } = scenario;
  say(`${name}: getting ready`);
  const { facts, run } = await scenario.prepare(workbench, settings);
  const runs = new Map(modes.map(({ key }) => [key, [] as Record<string, number>[]]));
  for (let turn = 0; turn < repeats * modes.length; turn++) {
    const repeat = Math.floor(turn / modes.length);
    const { key, label } = modes[(turn + repeat) % modes.length]!;
    say(`${name}: run ${turn + 1} of ${repeats * modes.length}, ${label}`);
    const figures = await run(key);
    const missing = measures.find((one) => !Number.isFinite(figures[one.key]));
    if (missing) throw new Error(`${name}, ${label}: ${missing.key} is ${figures[missing.key]}`);
    runs.get(key)!.push(figures);
  }
  return { facts, runs };
}
