import type { Declaration, Option, ValuesOf } from './option.js';

/** A start that must not happen: one line that names the option and what it accepts. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export type Environment = Readonly<Record<string, string | undefined>>;

const words = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
/** Undefined: no variable sets it. */
export const envNameOf = (key: string, { env }: Pick<Option<unknown>, 'env'>): string | undefined =>
  env === false ? undefined : (env ?? `ROOMCAST_${words(key)}`);
export const flagOf = (key: string): string => `--${words(key).toLowerCase().replaceAll('_', '-')}`;

/** Kubernetes sets such variables in every pod when a Service is called roomcast; they are addresses, not options. */
const SERVICE_LINK = /^ROOMCAST_(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_\w+)?)$/;
const isServiceLink = (name: string, value: string) =>
  SERVICE_LINK.test(name) && (name !== 'ROOMCAST_PORT' || /^(tcp|udp|sctp):\/\//.test(value));

/** The declared name with the fewest edits from `name`, where few enough are needed for it to be a slip. */
export function nearest(name: string, names: readonly string[]): string | undefined {
  const bare = (text: string) => text.replace(/^(ROOMCAST_|--)/, '');
  const ranked = names.map((known) => ({ known, edits: editDistance(bare(name), bare(known)) })).sort((a, b) => a.edits - b.edits)[0];
  return ranked && ranked.edits <= Math.max(2, bare(name).length / 3) ? ranked.known : undefined;
}

/** Levenshtein distance, row by row. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length]!;
}

function unknown(what: string, name: string, names: readonly string[]): ConfigError {
  const guess = nearest(name, names);
  return new ConfigError(`unknown ${what} ${name}${guess ? `; did you mean ${guess}?` : ''} (roomcast --help lists all)`);
}

function parse(name: string, option: Option<unknown>, given: string): unknown {
  const value = option.fromText(given.trim());
  if (value !== undefined) return value;
  const shown = option.secret ? 'not usable' : `"${given.length > 60 ? `${given.slice(0, 60)}…` : given}"`;
  throw new ConfigError(`${name} is ${shown}: it takes ${option.accepts}`);
}

/** The values that the environment sets. `alsoKnown`: options of other commands, whose variables may be set too. */
function fromEnvironment(declaration: Declaration, env: Environment, alsoKnown: Declaration): Map<string, unknown> {
  const keyOf = (options: Declaration) => new Map(Object.entries(options).map(([key, option]) => [envNameOf(key, option), key]));
  const keys = keyOf(declaration);
  const others = keyOf(alsoKnown);
  const values = new Map<string, unknown>();
  for (const [name, given] of Object.entries(env)) {
    if (given === undefined || given === '') continue;
    const key = keys.get(name);
    if (key !== undefined) values.set(key, parse(name, declaration[key]!, given));
    else if (name.startsWith('ROOMCAST_') && !others.has(name) && !isServiceLink(name, given)) {
      throw unknown(
        'variable',
        name,
        [...keys.keys(), ...others.keys()].flatMap((known) => known ?? []),
      );
    }
  }
  return values;
}

/** Flags are `--name value` or `--name=value`; a switch's `--name` alone is on. What is not a flag is a positional. */
function fromArguments(declaration: Declaration, argv: readonly string[]): { values: Map<string, unknown>; positionals: string[] } {
  const keys = new Map(Object.keys(declaration).map((key) => [flagOf(key), key]));
  const values = new Map<string, unknown>();
  const positionals: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at]!;
    if (!argument.startsWith('-') || argument === '-') {
      positionals.push(argument);
      continue;
    }
    const equals = argument.indexOf('=');
    const flag = equals < 0 ? argument : argument.slice(0, equals);
    const key = keys.get(flag);
    if (key === undefined) throw unknown('flag', flag, [...keys.keys()]);
    const option = declaration[key]!;
    const following = argv[at + 1];
    const bare = following === undefined || following.startsWith('--');
    if (equals < 0 && bare && option.accepts !== 'on or off') throw new ConfigError(`${flag} needs a value: it takes ${option.accepts}`);
    const given = equals >= 0 ? argument.slice(equals + 1) : bare ? 'on' : argv[++at]!;
    values.set(key, parse(flag, option, given));
  }
  return { values, positionals };
}

/**
 * Reads declared options: flags win over variables, those over defaults; an empty variable is no variable.
 * @throws ConfigError on a value that is not accepted, and on an unknown flag or `ROOMCAST_` variable
 */
export function readOptions<Declared extends Declaration>(
  declaration: Declared,
  { env, argv, alsoKnown = {} }: { env: Environment; argv: readonly string[]; alsoKnown?: Declaration },
): { values: ValuesOf<Declared>; positionals: string[] } {
  const set = fromEnvironment(declaration, env, alsoKnown);
  const { values, positionals } = fromArguments(declaration, argv);
  const all = Object.entries(declaration).map(([key, option]) => [key, values.get(key) ?? set.get(key) ?? option.default]);
  // Each value was made or checked by its own option.
  return { values: Object.fromEntries(all) as ValuesOf<Declared>, positionals };
}

/**
 * Declared options as a program gives them, completed with the defaults; undefined is the default.
 * @throws ConfigError on an unknown name or a value that is not accepted
 */
export function checkOptions<Declared extends Declaration>(declaration: Declared, given: Partial<ValuesOf<Declared>>): ValuesOf<Declared> {
  for (const [key, value] of Object.entries(given)) {
    const option = Object.hasOwn(declaration, key) ? declaration[key] : undefined;
    if (!option) throw unknown('option', key, Object.keys(declaration));
    if (value !== undefined && !option.valid(value)) throw new ConfigError(`${key} takes ${option.accepts}`);
  }
  const all = Object.entries(declaration).map(([key, option]) => [key, given[key] ?? option.default]);
  return Object.fromEntries(all) as ValuesOf<Declared>;
}
