import { type ParseArgsConfig, parseArgs } from 'node:util';
import { type NumberSpec, numberFrom, TEXTS } from '../flags.js';
import type { StormSettings } from './run.js';

export interface StormCommand {
  readonly do: 'storm';
  readonly settings: StormSettings;
  readonly jsonFile?: string;
  readonly write: boolean;
  readonly docsDir?: string;
}

const NUMBERS = {
  clients: { default: 5_000, min: 3, max: 15_000, about: 'Clients behind nginx, all subscribed; a third of them come back at once.' },
  seed: {
    default: 1,
    min: 0,
    max: 2 ** 32 - 1,
    about: 'Decides which instance is killed, and how long each client waits before it comes back.',
  },
  rooms: { default: 50, min: 1, max: 1_000, about: 'Rooms.' },
  rate: { default: 50, min: 1, max: 10_000, about: 'Publications per second over all rooms.' },
} as const satisfies Record<string, NumberSpec>;
type NumberFlag = keyof typeof NUMBERS;
const FLAGS = Object.keys(NUMBERS) as NumberFlag[];

/** @param args those after `storm` @throws Error in one line that says what is wrong */
export function readStormCommand(args: readonly string[]): StormCommand {
  const texts = Object.fromEntries([...FLAGS, 'json', 'docs'].map((flag) => [flag, { type: 'string' as const }]));
  const options: NonNullable<ParseArgsConfig['options']> = { ...texts, write: { type: 'boolean', default: false } };
  const { values } = parseArgs({ args: [...args], options });
  const text = (flag: string) => values[flag] as string | undefined;
  const number = (flag: NumberFlag) => Math.round(numberFrom(flag, NUMBERS[flag], text(flag)));
  const settings = { clients: number('clients'), seed: number('seed'), rooms: number('rooms'), perSecond: number('rate') };
  const [jsonFile, docsDir] = [text('json'), text('docs')];
  return { do: 'storm', settings, write: values.write === true, ...(jsonFile && { jsonFile }), ...(docsDir && { docsDir }) };
}

/** The command that does the same again. */
export function stormCommandOf({ clients, seed, rooms, perSecond }: StormSettings): string {
  const given = { clients, seed, rooms, rate: perSecond };
  const flags = FLAGS.filter((flag) => flag === 'clients' || flag === 'seed' || given[flag] !== NUMBERS[flag].default);
  return ['npm run faults -- storm', ...flags.map((flag) => `--${flag} ${given[flag]}`)].join(' ');
}

/** Lines of the help, flag and what it is about. */
export const STORM_HELP: readonly (readonly [string, string])[] = [
  ...FLAGS.map((flag) => [`--${flag} N`, `${NUMBERS[flag].about} Default: ${NUMBERS[flag].default}.`] as const),
  ...(['json', 'docs'] as const).map((flag) => [`--${flag} ${TEXTS[flag].takes}`, TEXTS[flag].about] as const),
];
