import pino from 'pino';
import { HubError } from '../../shared/errors.js';
import { LOG_LEVELS, type LogLevel, type LogLine } from '../../shared/schemas.js';
import { parseRecord, toLogLine, toPrettyText } from './log-record.js';

export type Logger = pino.Logger;

export interface LoggerOptions {
  readonly level: LogLevel | 'silent';
  readonly format: 'pretty' | 'json';
  /** Stands in each JSON line, and as the source of each line in the log room. */
  readonly node?: string;
  /** Stands in each line of one of several processes behind one port. */
  readonly instance?: number;
  /** Where finished lines go; default: standard output. */
  readonly write?: (text: string) => void;
  readonly colour?: boolean;
  /** Gets a copy of each line from `tapLevel` on, for the hub's log room. */
  readonly tap?: { write(line: LogLine): void };
  readonly tapLevel?: LogLevel;
  /** The room that the tap feeds: a line about it, `{ room }`, is not fed. */
  readonly tapRoom?: string;
}

/** Bytes of lines that wait for standard output to be read; past it lines are dropped. */
const STDOUT_BYTES = 4 * 1024 * 1024;
/** Secrets never reach a log, whoever logs the object that holds them. */
const SECRETS = ['token', 'authorization', 'password', 'secret', 'cookie', 'access_token'].flatMap((name) => [
  name,
  `*.${name}`,
  `*.*.${name}`,
]);

/** The hub's logger: one line per event, for people or for machines, and a copy for the hub's log room. Writing never throws and never waits. */
export function createLogger(options: LoggerOptions): Logger {
  const { level, format, node, instance, tap, tapLevel = 'info', tapRoom } = options;
  const output = options.write ?? standardOutput();
  const colour = options.colour ?? (options.write === undefined && process.stdout.isTTY === true);
  const tapped = new Set(LOG_LEVELS.slice(LOG_LEVELS.indexOf(tapLevel)));
  const write = (json: string) => {
    try {
      if (format === 'json' && !tap) return output(json);
      const record = parseRecord(json);
      const { node: _, ...fields } = record.fields;
      output(format === 'json' ? json : toPrettyText({ ...record, fields }, colour));
      const aboutItself = tapRoom !== undefined && fields.room === tapRoom;
      if (tap && tapped.has(record.level) && !aboutItself) tap.write(toLogLine({ ...record, fields }, node));
    } catch {
      // A line that cannot be shown must not fail what logged it.
    }
  };
  return pino(
    {
      level,
      base: node === undefined ? null : { node, ...(instance !== undefined && { instance }) },
      redact: { paths: SECRETS, censor: '[secret]' },
      serializers: { err: describeError },
    },
    { write },
  );
}

/** An error with a code of ours is foreseen, and its place in the code tells nobody anything; every other one shows where it was thrown. */
function describeError(error: unknown): unknown {
  if (!(error instanceof HubError)) return pino.stdSerializers.err(error as Error);
  return { type: error.name, code: error.code, message: error.message };
}

/** Standard output, written behind the event loop's back, in bounded memory; what waits is written at exit. */
function standardOutput(): (text: string) => void {
  const stream = pino.destination({ dest: 1, sync: false, maxLength: STDOUT_BYTES });
  stream.on('error', () => {
    // A full disk or a closed pipe behind standard output is no reason to end.
  });
  return (text) => void stream.write(text);
}
