import { HubError } from '../../shared/errors.js';
import { endsWithinText, type InfluxReader } from './influx-line.js';
import { itemsOf, parseJson, parseJsonSample } from './json-samples.js';
import type { StreamLine } from './line-stream.js';
import { parseLogLine } from './lines/log-lines.js';
import type { ParsedLine, ParsedSample } from './parsed.js';

/** What one line of a body holds. @throws HubError when it cannot be read */
export type LineFormat<Parsed> = (line: StreamLine, now: number) => Parsed[];

const NANOSECOND_MS = 1e-6;

function whole({ text, cut }: StreamLine): string {
  if (cut) throw new HubError('too_large', 'the line is longer than a line may be');
  return text;
}

export const influxFormat =
  (reader: InfluxReader, unitMs: number): LineFormat<ParsedSample> =>
  (line, now) =>
    reader.read(whole(line), line.number, unitMs, now);

/** Samples in lines: JSON objects, or arrays of them, where a line begins as such; Influx lines else. */
export const sampleFormat =
  (reader: InfluxReader): LineFormat<ParsedSample> =>
  (line, now) => {
    const text = whole(line);
    if (!/^\s*[[{]/.test(text)) return reader.read(text, line.number, NANOSECOND_MS, now);
    return itemsOf(parseJson(text)).map((item) => parseJsonSample(item, line.number, now));
  };

/** Log lines: JSON objects or text; of one that is too long the beginning stays. */
export const logFormat: LineFormat<ParsedLine> = ({ text, number, cut }, now) => {
  const entry = parseLogLine(text, now);
  if (!entry) return [];
  return [{ line: number, entry: cut ? { ...entry, fields: { ...entry.fields, cut: true } } : entry }];
};

/** Lines of Influx' protocol: one that ends within a text field goes on in the next, up to `maxChars`. */
export async function* joinTexts(batches: AsyncIterable<StreamLine[]>, maxChars: number): AsyncGenerator<StreamLine[]> {
  let open: StreamLine | undefined;
  for await (const batch of batches) {
    const joined: StreamLine[] = [];
    for (const line of batch) {
      const whole: StreamLine = open ? { text: `${open.text}\n${line.text}`, number: open.number, cut: open.cut || line.cut } : line;
      open = !whole.cut && whole.text.length <= maxChars && endsWithinText(whole.text) ? whole : undefined;
      if (!open) joined.push(whole);
    }
    yield joined;
  }
  if (open) yield [open];
}
