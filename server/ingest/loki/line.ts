import type { LogLine } from '../../../shared/schemas.js';
import { levelOf } from '../lines/log-level.js';
import { parseLogLine } from '../lines/log-lines.js';
import type { LokiEntry, LokiStream } from './push.js';

type Labels = LokiStream['labels'];

/** Labels that name the room of a stream, where no rule does; the first that a stream has. */
const ROOM_LABELS = ['service_name', 'job', 'app', 'application', 'compose_service', 'container', 'container_name', 'host', 'hostname'];
/** Labels that say who wrote a line, where it does not say so itself. */
const SOURCE_LABELS = ['container_name', 'container', 'pod', 'app', 'application', 'service_name', 'job', 'host', 'hostname'];
const LEVEL_LABELS = ['level', 'detected_level', 'severity'];
const SOURCE_CHARS = 256;

const firstOf = (labels: Labels, names: readonly string[]): string | undefined => {
  const name = names.find((known) => labels.get(known));
  return name === undefined ? undefined : labels.get(name);
};

/** The name of a stream's room by default, without its kind. Undefined for a stream with none of the known labels. */
export const roomLabelOf = (labels: Labels): string | undefined => firstOf(labels, ROOM_LABELS);

/**
 * The line of an entry. Its time is the entry's; level, structured metadata and labels of the sender come before what the line itself says, and
 * are fields beside the line's own.
 */
export function lineOfEntry({ time, line: text, metadata }: LokiEntry, labels: Labels): LogLine {
  const line: LogLine = { ...(parseLogLine(text, time) ?? { text }), time };
  const given: Record<string, unknown> = { ...Object.fromEntries(labels), ...metadata };
  const named = LEVEL_LABELS.find((name) => Object.hasOwn(given, name) && levelOf(given[name]) !== undefined);
  const level = named === undefined ? line.level : levelOf(given[named]);
  if (named !== undefined) delete given[named];
  const source = line.source ?? firstOf(labels, SOURCE_LABELS)?.slice(0, SOURCE_CHARS);
  if (level !== undefined) line.level = level;
  if (source !== undefined) line.source = source;
  const fields = { ...given, ...line.fields };
  if (Object.keys(fields).length > 0) line.fields = fields;
  return line;
}
