import { HubError } from '../../../shared/errors.js';
import { timeOf } from '../lines/log-lines.js';
import { parseShallowJson } from '../shallow-json.js';
import { checkItems, type LokiEntry, type LokiStream, parseLabels } from './push.js';

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

const NANOSECONDS = /^\d{1,20}$/;
const NS_PER_MS = 1e6;

function invalid(stream: number, why: string, entry?: number): HubError {
  return new HubError('invalid', `stream ${stream + 1}${entry === undefined ? '' : `, entry ${entry + 1}`}: ${why}`);
}

/**
 * Reads a push in JSON: `{ streams: [{ stream: { label: value }, values: [["<nanoseconds>", "line", { metadata }]] }] }`, or in the older form of
 * `/api/prom/push` (`labels`, `entries` of `ts` and `line`). Source: grafana.com/docs/loki, HTTP API.
 * @throws HubError `invalid` that names the stream and the entry, `too_large`
 */
export function readLokiJson(bytes: Buffer): LokiStream[] {
  const body = parseShallowJson(bytes);
  if (!isObject(body) || !Array.isArray(body.streams)) throw new HubError('invalid', 'the body has no list of streams');
  checkItems(body.streams.reduce((items: number, stream: unknown) => items + 1 + entriesIn(stream), 0));
  return body.streams.map((stream: unknown, at) => {
    if (!isObject(stream)) throw invalid(at, 'not an object');
    return { labels: labelsOf(stream, at), entries: entriesOf(stream, at) };
  });
}

function entriesIn(stream: unknown): number {
  const list = isObject(stream) ? (stream.values ?? stream.entries) : undefined;
  return Array.isArray(list) ? list.length : 0;
}

function labelsOf({ stream, labels }: Json, at: number): ReadonlyMap<string, string> {
  if (typeof labels === 'string') {
    const parsed = parseLabels(labels);
    if (!parsed) throw invalid(at, 'the labels are not of the form {name="value"}');
    return parsed;
  }
  const pairs = isObject(stream) ? Object.entries(stream) : undefined;
  if (!pairs?.every((pair): pair is [string, string] => typeof pair[1] === 'string'))
    throw invalid(at, 'the labels are no object of texts');
  return new Map(pairs);
}

function entriesOf({ values, entries }: Json, at: number): LokiEntry[] {
  if (Array.isArray(values))
    return values.map((value: unknown, i) => entryOf(value) ?? fail(at, i, 'not a list of time, line and metadata'));
  if (Array.isArray(entries)) return entries.map((entry: unknown, i) => oldEntryOf(entry) ?? fail(at, i, 'not an object with ts and line'));
  throw invalid(at, 'it has no list of values');
}

function fail(stream: number, entry: number, why: string): never {
  throw invalid(stream, why, entry);
}

function entryOf(value: unknown): LokiEntry | undefined {
  if (!Array.isArray(value)) return undefined;
  const [time, line, metadata = {}] = value;
  if (typeof line !== 'string' || !isTexts(metadata)) return undefined;
  if (typeof time !== 'string' && typeof time !== 'number') return undefined;
  return { time: NANOSECONDS.test(String(time)) ? Number(time) / NS_PER_MS : Number.NaN, line, metadata };
}

function oldEntryOf(value: unknown): LokiEntry | undefined {
  if (!isObject(value) || typeof value.line !== 'string' || typeof value.ts !== 'string') return undefined;
  return { time: timeOf(value.ts) ?? Number.NaN, line: value.line, metadata: {} };
}

const isTexts = (value: unknown): value is Record<string, string> =>
  isObject(value) && Object.values(value).every((text) => typeof text === 'string');
