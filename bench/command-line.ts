import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { Placement } from './cpus.js';
import type { RunSettings, Scenario, ScenarioOption } from './scenario.js';

/** What the command line asks for. */
export type BenchCommand =
  | { readonly do: 'help'; readonly text: string }
  | {
      readonly do: 'run';
      /** One scenario, or all of them. */
      readonly runs: readonly { readonly scenario: Scenario; readonly settings: RunSettings & { readonly repeats: number } }[];
      /** Given by hand; left out: server and client apart from each other. */
      readonly placement: Placement;
      readonly jsonFile?: string;
      readonly write: boolean;
      /** Directory of `benchmarks.md`; left out: the repository's. */
      readonly docsDir?: string;
    };

/** Instead of a scenario's name. */
const ALL = 'all';

const NUMBERS = {
  repeats: { default: 3, min: 1, max: 1_000, about: 'Runs of each mode; the table shows medians.' },
  seconds: { default: 5, min: 0.1, max: 3_600, about: 'Measured seconds of each run.' },
  warmUpSeconds: { default: 2, min: 0, max: 600, about: 'Seconds of load before them.' },
} satisfies Record<string, ScenarioOption>;

const TEXTS = {
  'server-cpus': { takes: 'LIST', about: 'Cores of the server (as taskset -c takes them). Default: all but the last.' },
  'client-cpus': { takes: 'LIST', about: 'Cores of the load client. Default: the last one.' },
  json: { takes: 'FILE', about: 'Writes the whole result, every run included; with all, a list of results.' },
  docs: { takes: 'DIR', about: 'Where --write finds benchmarks.md. Default: docs.' },
};

const flagOf = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The numbers that every scenario takes, with the defaults of one. */
const numbersOf = ({ defaults }: Pick<Scenario, 'defaults'>) =>
  Object.fromEntries(Object.entries(NUMBERS).map(([name, number]) => [name, { ...number, ...given(name, defaults) }])) as typeof NUMBERS;

function given(name: string, defaults: Scenario['defaults'] = {}): { default: number } | undefined {
  const usual = defaults[name as keyof typeof NUMBERS];
  return usual === undefined ? undefined : { default: usual };
}

/**
 * Reads `jobs --repeats 3 --job-seconds 1 --write`.
 * @throws Error in one line that says what is wrong
 */
export function readCommand(args: readonly string[], scenarios: readonly Scenario[]): BenchCommand {
  const named = args.find((arg) => scenarios.some((one) => one.name === arg));
  const scenario = scenarios.find((one) => one.name === named);
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: flags(scenario) });
  const [name, ...more] = positionals;
  if (values.help || name === undefined) return { do: 'help', text: helpText(scenarios) };
  if (scenario?.name !== name && name !== ALL) {
    throw new Error(`no scenario is named ${name}: there is ${scenarios.map((one) => one.name).join(', ')}, or ${ALL}`);
  }
  if (more.length > 0) throw new Error(`one scenario at a time: what is ${more[0]}?`);
  const text = (flag: keyof typeof TEXTS) => values[flag] as string | undefined;
  const [server, client, jsonFile, docsDir] = [text('server-cpus'), text('client-cpus'), text('json'), text('docs')];
  return {
    do: 'run',
    runs: (name === ALL ? scenarios : [scenario!]).map((one) => ({ scenario: one, settings: settingsFrom(one, values) })),
    placement: { ...(server !== undefined && { server }), ...(client !== undefined && { client }) },
    ...(jsonFile !== undefined && { jsonFile }),
    write: values.write === true,
    ...(docsDir !== undefined && { docsDir }),
  };
}

function settingsFrom(scenario: Scenario, values: Readonly<Record<string, unknown>>): RunSettings & { repeats: number } {
  const numbers = numbersFrom(numbersOf(scenario), values);
  if (!Number.isInteger(numbers.repeats)) throw new Error('--repeats takes a whole number');
  return { ...numbers, options: numbersFrom(scenario.options, values) };
}

type Flags = NonNullable<ParseArgsConfig['options']>;

function flags(scenario: Scenario | undefined): Flags {
  const texts = [...Object.keys({ ...NUMBERS, ...scenario?.options }).map(flagOf), ...Object.keys(TEXTS)];
  const flagsOfTexts: Flags = Object.fromEntries(texts.map((flag) => [flag, { type: 'string' }]));
  return { ...flagsOfTexts, write: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } };
}

function numbersFrom<Name extends string>(
  options: Readonly<Record<Name, ScenarioOption>>,
  values: Readonly<Record<string, unknown>>,
): Record<Name, number> {
  const names = Object.keys(options) as Name[];
  return Object.fromEntries(names.map((name) => [name, numberFrom(flagOf(name), options[name], values[flagOf(name)])])) as Record<
    Name,
    number
  >;
}

function numberFrom(flag: string, { default: usual, min, max }: ScenarioOption, text: unknown): number {
  if (text === undefined) return usual;
  const value = text === '' ? Number.NaN : Number(text);
  if (!(value >= min && value <= max)) throw new Error(`--${flag} takes a number from ${min} to ${max}, not ${text}`);
  return value;
}

/** The command that measures the same again and puts it into the document. */
export function commandOf(
  scenario: Scenario,
  { repeats, seconds, warmUpSeconds, options }: RunSettings & { repeats: number },
  placement: Placement,
): string {
  const chosen = (all: Readonly<Record<string, ScenarioOption>>, values: Readonly<Record<string, number>>) =>
    Object.entries(values).flatMap(([name, value]) => (value === all[name]!.default ? [] : [`--${flagOf(name)} ${value}`]));
  const cpus = Object.entries(placement).map(([role, list]) => `--${role}-cpus ${list}`);
  const words = [...chosen(numbersOf(scenario), { warmUpSeconds }), ...chosen(scenario.options, options), ...cpus, '--write'];
  return ['npm run bench --', scenario.name, `--repeats ${repeats} --seconds ${seconds}`, ...words].join(' ');
}

function helpText(scenarios: readonly Scenario[]): string {
  const line = (flag: string, about: string) => `  ${flag.padEnd(30)} ${about}`;
  const numbers = (options: Readonly<Record<string, ScenarioOption>>) =>
    Object.entries(options).map(([name, { default: usual, about }]) => line(`--${flagOf(name)} N`, `${about} Default: ${usual}.`));
  const own = (defaults: NonNullable<Scenario['defaults']>) =>
    Object.entries(defaults).map(([name, value]) => line(`--${flagOf(name)} N`, `Default here: ${value}.`));
  return [
    'npm run bench -- SCENARIO [flags]',
    '',
    line(ALL, 'every scenario, one after the other'),
    ...scenarios.flatMap(({ name, about, options, defaults = {} }) => ['', line(name, about), ...numbers(options), ...own(defaults)]),
    '',
    'Every scenario takes',
    ...numbers(NUMBERS),
    ...Object.entries(TEXTS).map(([flag, { takes, about }]) => line(`--${flag} ${takes}`, about)),
    line('--write', 'Puts table and picture into docs/benchmarks.md.'),
  ].join('\n');
}
