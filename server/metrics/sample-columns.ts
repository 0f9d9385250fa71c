import type { Message, SampleColumns } from '../../shared/protocol.js';
import { SERIES_CHARS } from '../../shared/series-name.js';
import type { SampleRow } from './sample-window.js';

/** The type of the messages that carry samples. */
export const SAMPLES = 'samples';

const isName = (name: unknown) => typeof name === 'string' && name.length > 0 && name.length <= SERIES_CHARS;

/** The columns that a message carries; undefined when it carries none, or something else under their name. */
export function columnsOf({ type, data }: Pick<Message, 'type' | 'data'>): SampleColumns | undefined {
  if (type !== SAMPLES || typeof data !== 'object' || data === null) return undefined;
  const { t, names, values } = data as Partial<SampleColumns>;
  if (!Number.isFinite(t) || !Array.isArray(names) || !Array.isArray(values) || names.length !== values.length) return undefined;
  if (!names.every(isName) || !values.every(Number.isFinite)) return undefined;
  return data as SampleColumns;
}

/** What a value takes beside its name as JSON, roughly. */
const VALUE_BYTES = 16;

/** A row as messages carry it: cut into as many as it takes for each to have about `maxBytes` at most. */
export function toColumns({ t, keys, values }: SampleRow<string>, maxBytes: number): { columns: SampleColumns; bytes: number }[] {
  const parts: { columns: SampleColumns; bytes: number }[] = [];
  let from = 0;
  let bytes = 0;
  keys.forEach((name, i) => {
    bytes += name.length + VALUE_BYTES;
    if (bytes < maxBytes && i < keys.length - 1) return;
    parts.push({ columns: { t, names: keys.slice(from, i + 1), values: values.slice(from, i + 1) }, bytes });
    from = i + 1;
    bytes = 0;
  });
  return parts;
}
