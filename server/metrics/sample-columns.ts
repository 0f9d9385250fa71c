import type { Message, SampleColumns } from '../../shared/protocol.js';
import { SERIES_CHARS } from '../../shared/series-name.js';
import type { SampleRow } from './sample-window.js';

/** The type of the messages that carry samples. */
export const SAMPLES = 'samples';

/** Milliseconds that JavaScript's dates reach. */
const isTime = (t: unknown): t is number => typeof t === 'number' && Math.abs(t) <= 8.64e15;
const isColumn = (column: unknown, length: number): column is number[] =>
  Array.isArray(column) && column.length === length && column.every(Number.isFinite);
const isName = (name: unknown) => typeof name === 'string' && name.length > 0 && name.length <= SERIES_CHARS;

/** The columns that a message carries; undefined when it carries none, or something else under their name. */
export function columnsOf({ type, data }: Pick<Message, 'type' | 'data'>): SampleColumns | undefined {
  if (type !== SAMPLES || typeof data !== 'object' || data === null) return undefined;
  const { t, names, values, ago } = data as Partial<SampleColumns>;
  if (!isTime(t) || !Array.isArray(names) || !isColumn(values, names.length)) return undefined;
  if (!names.every(isName) || !(ago === undefined || isColumn(ago, names.length))) return undefined;
  return data as SampleColumns;
}

/** Calls for each value with its own time. */
export function eachSample({ t, names, values, ago }: SampleColumns, call: (name: string, value: number, t: number) => void): void {
  for (let i = 0; i < names.length; i++) call(names[i] ?? '', values[i] ?? 0, t - (ago?.[i] ?? 0));
}

/** The ages of a row's values, when they differ. */
export function agesOf({ t, times }: Pick<SampleRow<never>, 't' | 'times'>): number[] | undefined {
  return times.every((time) => time === t) ? undefined : times.map((time) => t - time);
}

/** What a value takes beside its name as JSON, roughly. */
const VALUE_BYTES = 16;

/** A row as messages carry it: cut into as many as it takes for each to have about `maxBytes` at most. */
export function toColumns({ t, keys, values, times }: SampleRow<string>, maxBytes: number): { columns: SampleColumns; bytes: number }[] {
  const parts: { columns: SampleColumns; bytes: number }[] = [];
  let from = 0;
  let bytes = 0;
  keys.forEach((name, i) => {
    bytes += name.length + VALUE_BYTES;
    if (bytes < maxBytes && i < keys.length - 1) return;
    const ago = agesOf({ t, times: times.slice(from, i + 1) });
    const columns = { t, names: keys.slice(from, i + 1), values: values.slice(from, i + 1), ...(ago && { ago }) };
    parts.push({ columns, bytes });
    from = i + 1;
    bytes = 0;
  });
  return parts;
}
