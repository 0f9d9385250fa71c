import { type ParseArgsConfig, parseArgs } from 'node:util';
import { type NumberSpec, numberFrom, TEXTS } from './flags.js';
import { JOBS_HELP, type JobsCommand, readJobsCommand } from './jobs/command-line.js';
import { FAULT_KINDS, FAULTS, kindsFrom } from './kinds.js';
import type { RunSettings } from './run.js';
import { readStormCommand, STORM_HELP, type StormCommand } from './storm/command-line.js';

export type FaultCommand =
  | StormCommand
  | JobsCommand
  | { readonly do: 'help'; readonly text: string }
  | {
      readonly do: 'run';
      readonly settings: RunSettings;
      readonly jsonFile?: string;
      /** Directory for what the processes printed. */
      readonly logsDir?: string;
      readonly write: boolean;
      readonly docsDir?: string;
    };

const NUMBERS = {
  minutes: { default: 10, min: 0.1, max: 100_000, about: 'Length of the load and its faults.' },
  seed: { default: 1, min: 0, max: 2 ** 32 - 1, about: 'Decides which faults come, when, for how long, and what they hit.' },
  readers: { default: 200, min: 1, max: 10_000, about: 'Clients that read, one room each.' },
  rooms: { default: 20, min: 1, max: 1_000, about: 'Rooms.' },
  rate: { default: 500, min: 1, max: 100_000, about: 'Publications per second over all rooms.' },
} as const satisfies Record<string, NumberSpec>;
type NumberFlag = keyof typeof NUMBERS;

const BOOLEANS = {
  control: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** @throws Error in one line that says what is wrong */
export function readCommand(args: readonly string[]): FaultCommand {
  if (args[0] === 'storm') return readStormCommand(args.slice(1));
  if (args[0] === 'jobs') return readJobsCommand(args.slice(1));
  const texts = Object.fromEntries([...Object.keys(NUMBERS), ...Object.keys(TEXTS)].map((flag) => [flag, { type: 'string' as const }]));
  const options: NonNullable<ParseArgsConfig['options']> = { ...texts, ...BOOLEANS };
  const { values } = parseArgs({ args: [...args], options });
  if (values.help) return { do: 'help', text: helpText() };
  const text = (flag: string) => values[flag] as string | undefined;
  const number = (flag: NumberFlag) => numberFrom(flag, NUMBERS[flag], text(flag));
  const settings: RunSettings = {
    side: values.control ? 'control' : 'roomcast',
    minutes: number('minutes'),
    seed: Math.round(number('seed')),
    readers: Math.round(number('readers')),
    rooms: Math.round(number('rooms')),
    perSecond: number('rate'),
    kinds: kindsFrom(text('faults'), FAULT_KINDS),
  };
  const [jsonFile, logsDir, docsDir] = ['json', 'logs', 'docs'].map(text);
  return {
    do: 'run',
    settings,
    write: values.write === true,
    ...(jsonFile && { jsonFile }),
    ...(logsDir && { logsDir }),
    ...(docsDir && { docsDir }),
  };
}

/** The command that does the same again. */
export function commandOf({ side, minutes, seed, readers, rooms, perSecond, kinds }: RunSettings): string {
  const given = { minutes, seed, readers, rooms, rate: perSecond };
  const always: NumberFlag[] = ['minutes', 'seed'];
  const numbers = (Object.keys(NUMBERS) as NumberFlag[])
    .filter((flag) => always.includes(flag) || given[flag] !== NUMBERS[flag].default)
    .map((flag) => `--${flag} ${given[flag]}`);
  const chosen = kinds.length === FAULT_KINDS.length ? [] : [`--faults ${kinds.join(',')}`];
  return ['npm run faults --', ...numbers, ...chosen, ...(side === 'control' ? ['--control'] : [])].join(' ');
}

function helpText(): string {
  const line = (flag: string, about: string) => `  ${flag.padEnd(24)} ${about}`;
  return [
    'npm run faults -- [flags]: load on a cluster whose parts fail, and a check that nothing acknowledged was lost',
    '',
    ...Object.entries(NUMBERS).map(([flag, { about, default: usual }]) => line(`--${flag} N`, `${about} Default: ${usual}.`)),
    ...Object.entries(TEXTS).map(([flag, { takes, about }]) => line(`--${flag} ${takes}`, about)),
    line('--control', 'Drives stock Socket.IO with its sharded Redis adapter instead.'),
    line('--write', 'Puts the tables into docs/reliability.md.'),
    '',
    'Faults',
    ...Object.entries(FAULTS).map(([kind, about]) => line(kind, about)),
    '',
    'npm run faults -- storm [flags]: one of three instances is killed, and its clients come back to the others at once',
    '',
    ...STORM_HELP.map(([flag, about]) => line(flag, about)),
    line('--write', 'Puts the table into docs/reliability.md.'),
    '',
    'npm run faults -- jobs [flags]: jobs while their workers, their hubs and Redis fail, and a check that each ends once',
    '',
    ...JOBS_HELP.map(([flag, about]) => line(flag, about)),
    line('--write', 'Puts the tables into docs/reliability.md.'),
  ].join('\n');
}
