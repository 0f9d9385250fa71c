/** Names and values that a line of text holds, as a structured logger would have given them. */
export type LineRecord = Record<string, unknown>;

/** A line that is longer is no single record of pairs, and not taken apart. */
const PAIRS_CHARS = 16 * 1024;
const PAIRS = 100;
const PAIR = /([A-Za-z_@][\w.@/-]*)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))(?=\s|$)\s*/y;
/** One of these makes a line of pairs a record of logfmt: `a=1 b=2` alone is as well a text. */
const TELLING = ['msg', 'message', 'level', 'lvl', 'severity', 'ts', 'time', 'timestamp'];

/** A line that is pairs from its beginning to its end (`level=info msg="it runs" port=3000`). Undefined for any other. Source: brandur.org/logfmt. */
export function readLogfmt(text: string): LineRecord | undefined {
  const line = text.trim();
  if (line.length > PAIRS_CHARS || !/^[A-Za-z_@][\w.@/-]{0,63}=/.test(line)) return undefined;
  const record: LineRecord = {};
  PAIR.lastIndex = 0;
  for (let pairs = 0; PAIR.lastIndex < line.length; pairs++) {
    const [, name = '', quoted, bare = ''] = PAIR.exec(line) ?? [];
    if (name === '' || name === '__proto__' || pairs >= PAIRS) return undefined;
    record[name] = quoted === undefined ? bare : unquoted(quoted);
  }
  return TELLING.some((name) => Object.hasOwn(record, name)) && Object.keys(record).length > 1 ? record : undefined;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
const unquoted = (text: string): string => text.replace(/\\(.)/g, (_, char: string) => ESCAPES[char] ?? char);

/** Facility and severity in one number, in front. */
const PRIORITY = /^<(\d{1,3})>/;
/** RFC 5424, 6: version, time, host, program, process, message id, structured data. */
const SYSLOG =
  /^1 (-|\d{4}-\d\d-\d\dT\S{1,40}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) (-|(?:\[(?:[^\]\\]|\\.)*\])+)(?: \u{feff}?(.*))?$/su;
/** RFC 3164, 4.1, and what journalctl prints: time, host, program with its process, message. */
const BSD_SYSLOG = /^([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) ([\w.:-]{1,255}) ([\w./@-]{1,64})(?:\[(\d{1,10})\])?: (.*)$/s;
/** What rsyslog writes. With neither a process nor the kernel it could as well be `<time> <level> <source>: …`. */
const ISO_SYSLOG =
  /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]{0,10}(?:Z|[+-]\d\d:\d\d)) ([\w.:-]{1,255}) (?:(kernel)|([\w./@-]{1,64})\[(\d{1,10})\]): (.*)$/s;
const SEVERITIES = ['emerg', 'alert', 'crit', 'error', 'warn', 'notice', 'info', 'debug'] as const;
const PRIORITIES = 24 * SEVERITIES.length;

/** A line as syslog sends or writes it. A time that names no zone stays a field. Undefined for any other line. */
export function readSyslog(text: string): LineRecord | undefined {
  const [front, number] = PRIORITY.exec(text) ?? [];
  if (front === undefined) return readBsdSyslog(text);
  const priority = Number(number);
  const rest = text.slice(front.length);
  const record = priority < PRIORITIES ? (readSyslog5424(rest) ?? readBsdSyslog(rest)) : undefined;
  if (!record) return undefined;
  return { ...record, level: SEVERITIES[priority % SEVERITIES.length], facility: Math.floor(priority / SEVERITIES.length) };
}

function readSyslog5424(text: string): LineRecord | undefined {
  const [whole, time, host, app, pid, msgid, data, message = ''] = SYSLOG.exec(text) ?? [];
  if (whole === undefined) return undefined;
  return given({ text: message, time, host, source: app, pid, msgid, data });
}

function readBsdSyslog(text: string): LineRecord | undefined {
  const [, timestamp, host, app, pid, message] = BSD_SYSLOG.exec(text) ?? [];
  if (timestamp !== undefined) return given({ text: message, source: app, timestamp, host, pid });
  const [, time, isoHost, kernel, isoApp, isoPid, isoMessage] = ISO_SYSLOG.exec(text) ?? [];
  if (time === undefined) return undefined;
  return given({ text: isoMessage, source: kernel ?? isoApp, time, host: isoHost, pid: isoPid });
}

/** Without the parts that are not there; syslog writes a hyphen for them. */
const given = ({ text, ...record }: LineRecord): LineRecord => ({
  text,
  ...Object.fromEntries(Object.entries(record).filter(([, value]) => value !== '-' && value !== undefined)),
});

/** Characters of a plain line in which its source may stand. */
const HEAD_CHARS = 240;
const STAMP = String.raw`\[?(?:\d{4}[-/]\d\d[-/]\d\d[T ])?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[ ]?[+-]\d\d:?\d\d)?\]?`;
const LEVEL = String.raw`\[?(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|FATAL|CRITICAL|SEVERE|trace|debug|info|warn|warning|error|fatal)\]?`;
const NAME = String.raw`[A-Za-z_][\w.$/-]{0,99}`;
/** Common layouts of loggers, most telling first. */
const LAYOUTS = [
  // Python: `2024-05-01 10:00:00,123 - app.db - ERROR - gone`, `ERROR:app.db:gone`
  new RegExp(`^${STAMP} - (${NAME}) - ${LEVEL} - `),
  new RegExp(`^${LEVEL}:(${NAME}):`),
  // Logback, log4j: `10:00:00.123 [main] ERROR com.example.Db - gone`
  new RegExp(String.raw`^${STAMP} \[[^\]]{1,99}\] ${LEVEL} {1,2}(${NAME}) +- `),
  // `2024-05-01T10:00:00Z ERROR db: gone`, `… [ERROR] [db] gone`
  new RegExp(String.raw`^${STAMP} ${LEVEL} {1,3}(?:\[(${NAME})\]:? |(${NAME}): )`),
];

/** Who wrote a plain line, where it has one of the common layouts. */
export function sourceInText(text: string): string | undefined {
  const head = text.slice(0, HEAD_CHARS);
  for (const layout of LAYOUTS) {
    const [, first, second] = layout.exec(head) ?? [];
    if (first !== undefined || second !== undefined) return first ?? second;
  }
  return undefined;
}
