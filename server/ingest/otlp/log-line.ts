import { HubError } from '../../../shared/errors.js';
import { LOG_LEVELS, type LogLevel, type LogLine } from '../../../shared/schemas.js';
import { splitAnsi } from '../lines/log-ansi.js';
import { levelInText, levelOf } from '../lines/log-level.js';
import { lineFromJson } from '../lines/log-lines.js';
import type { Attributes, OtlpValue } from './attributes.js';
import type { LogRecord, Scope } from './model.js';

const DAY_MS = 86_400_000;
/** A record's time may be so far from now; what is farther is a clock that was never set, or another unit. */
const AGE_MS = 10 * 365 * DAY_MS;
const AHEAD_MS = DAY_MS;
const SOURCE_CHARS = 256;
const NANOSECONDS = 1e6;

type Fields = readonly (readonly [string, OtlpValue])[];

/** What all records of one scope have: who logs, and what is known of it. */
export interface LogOrigin {
  readonly source: string;
  readonly fields: Fields;
}

/** Bytes of a resource's attributes, and of a scope's, that go with every line at most, as JSON. */
const ORIGIN_BYTES = 4 * 1024;

/** Attributes as far as they may go with every line, and how many were left out. */
function fitting(attributes: Attributes, what: string): Fields {
  let bytes = 0;
  const kept = attributes.filter(([key, value]) => {
    const more = key.length + JSON.stringify(value).length;
    if (bytes + more > ORIGIN_BYTES) return false;
    bytes += more;
    return true;
  });
  const leftOut = attributes.length - kept.length;
  return leftOut === 0 ? kept : [...kept, [`${what}.left_out`, leftOut]];
}

/** What goes with each line of a resource: its attributes; past 4 KiB they are left out, and `resource.left_out` says how many. */
export function resourceFields(resource: Attributes): LogOrigin {
  const source = resource.findLast(([key]) => key === 'service.name')?.[1];
  return { source: typeof source === 'string' ? source.slice(0, SOURCE_CHARS) : '', fields: fitting(resource, 'resource') };
}

/** What goes with each line of a scope: who logs, and the attributes of both, within bounds. */
export function logOrigin(resource: LogOrigin, { name, version, attributes }: Scope): LogOrigin {
  const ofScope = fitting([...attributes, ...(version ? [['scope.version', version] as const] : [])], 'scope');
  return { source: name.slice(0, SOURCE_CHARS) || resource.source, fields: [...resource.fields, ...ofScope] };
}

/** 1 to 4 is trace, 5 to 8 debug, and so on to 24. Source: `SeverityNumber` in logs.proto. */
const levelOfSeverity = (severity: number): LogLevel | undefined => (severity > 0 ? LOG_LEVELS[Math.ceil(severity / 4) - 1] : undefined);

/**
 * The line that a log record is: its body as text, a terminal's colours beside it, its level, the scope as source, and everything else as fields by the attributes' own
 * names. Of a body that is a map, the text is what loggers call the message, or the whole as JSON.
 * @param now for a record without a time
 * @throws HubError `invalid` when its time is too far from now
 */
export function lineFromRecord(record: LogRecord, origin: LogOrigin, now: number): LogLine {
  const { severityText, eventName, traceId, spanId } = record;
  const { text, fields: ofBody } = textOf(record.body, now);
  const level = levelOfSeverity(record.severity) ?? levelOf(severityText) ?? levelInText(text);
  const own: [string, OtlpValue][] = [];
  if (severityText && levelOf(severityText) !== level) own.push(['severity_text', severityText]);
  if (eventName) own.push(['event.name', eventName]);
  if (traceId) own.push(['trace_id', traceId]);
  if (spanId) own.push(['span_id', spanId]);
  // A list, as an assigned key such as `__proto__` would be more than a key.
  const fields = [...origin.fields, ...Object.entries(ofBody), ...record.attributes, ...own];
  const line: LogLine = { text: text || eventName, time: timeOf(record, now) };
  if (level !== undefined) line.level = level;
  if (origin.source) line.source = origin.source;
  if (fields.length > 0) line.fields = Object.fromEntries(fields);
  return line;
}

function timeOf({ timeNs, observedNs }: LogRecord, now: number): number {
  const ns = timeNs || observedNs;
  const time = ns === 0 ? now : Math.floor(ns / NANOSECONDS);
  if (time >= now - AGE_MS && time <= now + AHEAD_MS) return time;
  throw new HubError('invalid', `the time ${time} is too far from now (milliseconds since 1970)`);
}

/** A body's text, and what else is in it. */
function textOf(body: OtlpValue, now: number): { text: string; fields: Record<string, unknown> } {
  if (typeof body === 'string') {
    const { text, spans } = splitAnsi(body);
    return { text, fields: spans.length > 0 ? { ansi: spans } : {} };
  }
  if (body === null) return { text: '', fields: {} };
  const isMap = typeof body === 'object' && !Array.isArray(body);
  const { text, fields = {} } = isMap ? lineFromJson(body, now) : { text: '' };
  return text ? { text, fields } : { text: JSON.stringify(body), fields: {} };
}
