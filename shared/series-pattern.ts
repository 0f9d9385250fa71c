import { HubError } from './errors.js';
import { parseSeries, type SeriesParts } from './series-name.js';

/** Characters and stars that one pattern may have: they bound what a match costs. */
const PATTERN_CHARS = 512;
const PATTERN_STARS = 8;

/** Whether a text matches a pattern in which `*` stands for any characters. No regular expression: the cost is bounded. */
export function matchesGlob(pattern: string, text: string): boolean {
  const [head = '', ...parts] = pattern.split('*');
  const tail = parts.pop();
  if (tail === undefined) return text === pattern;
  if (!text.startsWith(head)) return false;
  let at = head.length;
  for (const part of parts) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - tail.length >= at && text.endsWith(tail);
}

/** One pattern of `compileSeriesPatterns`, for series taken apart. */
export function compileSeriesPattern(pattern: string): (series: SeriesParts) => boolean {
  const stars = pattern.split('*').length - 1;
  if (pattern.length > PATTERN_CHARS || stars > PATTERN_STARS) {
    throw new HubError('invalid', `a series pattern has at most ${PATTERN_CHARS} characters and ${PATTERN_STARS} stars`);
  }
  const { name, labels } = parseSeries(pattern);
  const wanted = Object.entries(labels);
  return (series) =>
    matchesGlob(name, series.name) &&
    wanted.every(([key, value]) => Object.hasOwn(series.labels, key) && matchesGlob(value, series.labels[key] ?? ''));
}

/**
 * Which series any of the patterns chooses: `cpu` (whatever its labels), `cpu{core="0"}` (that label, whatever the others),
 * with `*` for any characters in names and label values. No pattern chooses all.
 * @throws HubError `invalid` for what is no pattern
 */
export function compileSeriesPatterns(patterns: readonly string[]): (series: string) => boolean {
  const tests = patterns.map(compileSeriesPattern);
  if (tests.length === 0) return () => true;
  return (text) => {
    const series = partsOf(text);
    return tests.some((matches) => matches(series));
  };
}

/** A series' parts; a text that is no canonical series, from a client's own message, is a name without labels. */
export function partsOf(text: string): SeriesParts {
  try {
    return parseSeries(text);
  } catch {
    return { name: text, labels: {} };
  }
}
