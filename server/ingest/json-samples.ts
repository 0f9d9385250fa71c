import { HubError } from '../../shared/errors.js';
import { sampleSchema } from '../../shared/schemas.js';
import { formatSeries } from '../../shared/series-name.js';
import type { ParsedSample } from './parsed.js';

/** Items of one list: they are read in one turn of the event loop. */
const LIST_ITEMS = 50_000;

/** A JSON body's or line's items: those of an array, or the one value. @throws HubError `too_large` for too many */
export function itemsOf(json: unknown): unknown[] {
  if (!Array.isArray(json)) return [json];
  if (json.length > LIST_ITEMS) throw new HubError('too_large', `a list has at most ${LIST_ITEMS} items`);
  return json;
}

/** @throws HubError `invalid` when the text is no JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new HubError('invalid', 'not JSON');
  }
}

/**
 * A sample in our own JSON: `{ "name": "cpu", "labels": { "core": "0" }, "value": 0.5, "t": 1700000000000 }`.
 * @throws HubError `invalid` that names the first fault
 */
export function parseJsonSample(item: unknown, line: number, now: number): ParsedSample {
  const parsed = sampleSchema.safeParse(item);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new HubError('invalid', [issue?.path.join('.'), issue?.message].filter(Boolean).join(': ').slice(0, 300));
  }
  const { name, labels, value, t = now } = parsed.data;
  return { line, series: formatSeries(name, labels), value, t };
}
