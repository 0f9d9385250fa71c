/** One option: what it takes, what it is without a word from anybody, and what it is for. */
export interface Option<Value> {
  /** What it accepts, for a message: "a whole number from 0 to 65535". */
  readonly accepts: string;
  readonly default: Value;
  /** The default in words, where the value itself is computed or empty. */
  readonly defaultText?: string;
  readonly about: string;
  /** The variable's name where it is not made from the key; false: a flag only. */
  readonly env?: string | false;
  /** Never printed. */
  readonly secret?: boolean;
  /** The value that a variable's or flag's text stands for; undefined when it stands for none. */
  fromText(text: string): Value | undefined;
  /** Whether a program may give this value. */
  valid(value: unknown): value is Value;
}

/** What each option may say beside its type. */
export interface Words {
  readonly env?: string | false;
  readonly secret?: boolean;
  readonly defaultText?: string;
}

// biome-ignore lint/suspicious/noExplicitAny: options of all value types side by side; each keeps its own type in the declaration
export type Declaration = Readonly<Record<string, Option<any>>>;
export type ValuesOf<Declared extends Declaration> = {
  -readonly [Key in keyof Declared]: Declared[Key] extends Option<infer Value> ? Value : never;
};

export function whole(range: { min: number; max: number; default: number }, about: string, words: Words = {}): Option<number> {
  const valid = (value: unknown): value is number =>
    Number.isSafeInteger(value) && Number(value) >= range.min && Number(value) <= range.max;
  return {
    ...words,
    about,
    default: range.default,
    accepts: `a whole number from ${range.min} to ${range.max}`,
    fromText: (text) => (/^-?[0-9]{1,16}$/.test(text) && valid(Number(text)) ? Number(text) : undefined),
    valid,
  };
}

/** A whole number, or a word that stands for one. */
export function wholeOr<const Word extends string>(
  word: Word,
  range: { min: number; max: number; default: number },
  about: string,
): Option<number | Word> {
  const number = whole(range, about);
  return {
    ...number,
    accepts: `${number.accepts}, or ${word}`,
    fromText: (text) => (text === word ? word : number.fromText(text)),
    valid: (value): value is number | Word => value === word || number.valid(value),
  };
}

export function choice<const Choice extends string>(
  choices: readonly Choice[],
  fallback: NoInfer<Choice>,
  about: string,
  words: Words = {},
): Option<Choice> {
  const valid = (value: unknown): value is Choice => choices.includes(value as Choice);
  return {
    ...words,
    about,
    default: fallback,
    accepts: choices.join(', ').replace(/, ([^,]*)$/, ' or $1'),
    fromText: (text) => (valid(text) ? text : undefined),
    valid,
  };
}

const SWITCH: Readonly<Record<string, boolean>> = { on: true, true: true, '1': true, off: false, false: false, '0': false };

export function onOff(fallback: boolean, about: string, words: Words = {}): Option<boolean> {
  return {
    defaultText: fallback ? 'on' : 'off',
    ...words,
    about,
    default: fallback,
    accepts: 'on or off',
    fromText: (text) => (Object.hasOwn(SWITCH, text) ? SWITCH[text] : undefined),
    valid: (value) => typeof value === 'boolean',
  };
}

/** What a text must look like: `accepts` names it. */
export interface TextForm {
  readonly accepts: string;
  readonly fits: (text: string) => boolean;
}

export const ANY_TEXT: TextForm = { accepts: 'a text', fits: (text) => text.length > 0 && text.length <= 8192 };

export function text(fallback: string, form: TextForm, about: string, words: Words = {}): Option<string> {
  const valid = (value: unknown): value is string => typeof value === 'string' && form.fits(value);
  return { ...words, about, default: fallback, accepts: form.accepts, fromText: (given) => (valid(given) ? given : undefined), valid };
}

/** A text that may be left out. */
export function optionalText(form: TextForm, about: string, words: Words = {}): Option<string | undefined> {
  const valid = (value: unknown): value is string | undefined => value === undefined || (typeof value === 'string' && form.fits(value));
  return {
    defaultText: 'none',
    ...words,
    about,
    default: undefined,
    accepts: form.accepts,
    fromText: (given) => (valid(given) ? given : undefined),
    valid,
  };
}

/** Comma-separated items; a program gives an array. */
export function list<Item extends string>(
  fallback: readonly Item[],
  form: TextForm,
  about: string,
  words: Words = {},
): Option<readonly Item[]> {
  const valid = (value: unknown): value is readonly Item[] =>
    Array.isArray(value) && value.every((item) => typeof item === 'string' && form.fits(item));
  const split = (given: string) => given.split(',').flatMap((item) => item.trim() || []);
  return {
    defaultText: fallback.join(',') || 'none',
    ...words,
    about,
    default: fallback,
    accepts: form.accepts,
    fromText: (given) => {
      const items = split(given);
      return items.length > 0 && valid(items) ? items : undefined;
    },
    valid,
  };
}
