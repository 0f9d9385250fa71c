/** What the units of OTLP (UCUM) are called at the end of a metric's name, and behind `per`. */
const UNITS: Readonly<Record<string, string>> = {
  d: 'days',
  h: 'hours',
  min: 'minutes',
  s: 'seconds',
  ms: 'milliseconds',
  us: 'microseconds',
  ns: 'nanoseconds',
  By: 'bytes',
  KiBy: 'kibibytes',
  MiBy: 'mebibytes',
  GiBy: 'gibibytes',
  TiBy: 'tebibytes',
  KBy: 'kilobytes',
  MBy: 'megabytes',
  GBy: 'gigabytes',
  TBy: 'terabytes',
  m: 'meters',
  V: 'volts',
  A: 'amperes',
  J: 'joules',
  W: 'watts',
  g: 'grams',
  Cel: 'celsius',
  Hz: 'hertz',
  '%': 'percent',
  '1': '',
};
const PER: Readonly<Record<string, string>> = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week', mo: 'month', y: 'year' };

const wordsOf = (text: string): string[] => text.split(/[^a-zA-Z0-9:]+/).filter(Boolean);

function unitWords(unit: string, names: Readonly<Record<string, string>>): string[] {
  const text = unit.trim();
  if (text.includes('{')) return []; // An annotation: `{request}`.
  return wordsOf(Object.hasOwn(names, text) ? (names[text] ?? '') : text);
}

export interface NameParts {
  readonly name: string;
  readonly unit: string;
  /** A sum that only rises ends with `_total`, a gauge of unit `1` with `_ratio`. */
  readonly as: 'counter' | 'gauge' | 'other';
}

/**
 * The name of a metric in the words that Prometheus has for it: `http.server.duration` in `s` is `http_server_duration_seconds`. Empty for
 * one without letters and digits. Source: opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics, metric metadata.
 */
export function prometheusName({ name, unit, as }: NameParts): string {
  const words = wordsOf(name);
  if (words.length === 0) return '';
  const [main = '', per = ''] = unit.split('/', 2);
  const addAll = (added: readonly string[]) => words.push(...added.filter((word) => !words.includes(word)));
  addAll(unitWords(main, UNITS));
  const perWords = unitWords(per, PER);
  if (perWords.length > 0) addAll(['per', ...perWords]);
  const ending = as === 'counter' ? 'total' : as === 'gauge' && unit.trim() === '1' ? 'ratio' : undefined;
  const kept = ending ? [...words.filter((word) => word !== ending), ending] : words;
  const text = kept.join('_');
  return /^\d/.test(text) ? `_${text}` : text;
}

/** A label's name as Prometheus takes it: `http.method` is `http_method`. */
export function prometheusLabel(key: string): string {
  const label = key.replace(/[^a-zA-Z0-9_]/g, '_');
  return /^\d/.test(label) ? `key_${label}` : label;
}
