import { type ParseArgsConfig, parseArgs } from 'node:util';
import { type NumberSpec, numberFrom, TEXTS } from '../flags.js';
import { type FaultKind, kindsFrom } from '../kinds.js';
import type { JobsRunSettings } from './run.js';

export interface JobsCommand {
  readonly do: 'jobs';
  readonly settings: JobsRunSettings;
  readonly jsonFile?: string;
  readonly logsDir?: string;
  readonly write: boolean;
  readonly docsDir?: string;
}

const NUMBERS = {
  minutes: { default: 3, min: 0.1, max: 100_000, about: 'Length of the load and its faults.' },
  seed: { default: 1, min: 0, max: 2 ** 32 - 1, about: 'Decides when faults come, in which order, for how long, and what they hit.' },
  rate: { default: 200, min: 1, max: 10_000, about: 'Jobs per second that are handed in.' },
  submitters: { default: 10, min: 1, max: 1_000, about: 'Users who hand them in, a connection each.' },
  rooms: { default: 10, min: 1, max: 1_000, about: 'Rooms that the jobs publish into, a reader each.' },
} as const satisfies Record<string, NumberSpec>;
type NumberFlag = keyof typeof NUMBERS;
const FLAGS = Object.keys(NUMBERS) as NumberFlag[];

/** What a job must outlive. */
export const JOB_FAULTS: readonly FaultKind[] = ['worker-kill', 'worker-stop', 'redis-kill', 'redis-stop', 'instance-kill'];

/** @param args those after `jobs` @throws Error in one line that says what is wrong */
export function readJobsCommand(args: readonly string[]): JobsCommand {
  const texts = Object.fromEntries([...FLAGS, ...Object.keys(TEXTS)].map((flag) => [flag, { type: 'string' as const }]));
  const options: NonNullable<ParseArgsConfig['options']> = { ...texts, write: { type: 'boolean', default: false } };
  const { values } = parseArgs({ args: [...args], options });
  const text = (flag: string) => values[flag] as string | undefined;
  const whole = (flag: NumberFlag) => Math.round(numberFrom(flag, NUMBERS[flag], text(flag)));
  const settings: JobsRunSettings = {
    minutes: numberFrom('minutes', NUMBERS.minutes, text('minutes')),
    ...{ seed: whole('seed'), perSecond: whole('rate'), submitters: whole('submitters'), rooms: whole('rooms') },
    kinds: kindsFrom(text('faults'), JOB_FAULTS),
  };
  const [jsonFile, logsDir, docsDir] = ['json', 'logs', 'docs'].map(text);
  return {
    ...{ do: 'jobs', settings, write: values.write === true },
    ...(jsonFile && { jsonFile }),
    ...(logsDir && { logsDir }),
    ...(docsDir && { docsDir }),
  };
}

/** The command that does the same again. */
export function jobsCommandOf({ minutes, seed, perSecond, submitters, rooms, kinds }: JobsRunSettings): string {
  const given = { minutes, seed, rate: perSecond, submitters, rooms };
  const flags = FLAGS.filter((flag) => flag === 'minutes' || flag === 'seed' || given[flag] !== NUMBERS[flag].default);
  const chosen = kinds.join() === JOB_FAULTS.join() ? [] : [`--faults ${kinds.join()}`];
  return ['npm run faults -- jobs', ...flags.map((flag) => `--${flag} ${given[flag]}`), ...chosen].join(' ');
}

/** Lines of the help, flag and what it is about. */
export const JOBS_HELP: readonly (readonly [string, string])[] = [
  ...FLAGS.map((flag) => [`--${flag} N`, `${NUMBERS[flag].about} Default: ${NUMBERS[flag].default}.`] as const),
  [`--faults ${TEXTS.faults.takes}`, `Only these faults. Default: ${JOB_FAULTS.join()}.`],
  ...(['json', 'logs', 'docs'] as const).map((flag) => [`--${flag} ${TEXTS[flag].takes}`, TEXTS[flag].about] as const),
];
