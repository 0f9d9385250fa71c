import type { Mode, RunSettings, Scenario } from '../scenario.js';
import type { Target } from '../servers/targets.js';
import type { LoadFigure } from './load-figures.js';
import { type Load, runLoad } from './load-run.js';

/** A target under a load: what the options say, and what is this mode's own. */
export interface LoadMode<Key extends string, Option extends string> extends Mode<Key> {
  readonly target: Target;
  readonly load?: (options: Readonly<Record<Option, number>>) => Partial<Load>;
}

type LoadScenario<Key extends string, Figure extends LoadFigure, Option extends string> = Omit<
  Scenario<Key, Figure, Option>,
  'modes' | 'prepare'
> & {
  readonly modes: readonly LoadMode<Key, Option>[];
  /** Of all modes. */
  readonly load: (options: Readonly<Record<Option, number>>) => Load;
};

/** A scenario that loads each mode's target with the client in C. */
export function loadScenario<Key extends string, Figure extends LoadFigure, Option extends string>({
  load,
  ...scenario
}: LoadScenario<Key, Figure, Option>): Scenario<Key, Figure, Option> {
  const { modes } = scenario;
  return {
    ...scenario,
    modes: modes.map(({ target, load: own, ...mode }) => mode),
    prepare: async (workbench, settings: RunSettings<Option>) => ({
      facts: {},
      run: (key) => {
        const { target, load: own } = modes.find((mode) => mode.key === key)!;
        const { options } = settings;
        return runLoad(workbench, target, { ...load(options), ...own?.(options) }, settings);
      },
    }),
  };
}
