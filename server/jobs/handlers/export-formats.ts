import type { Message } from '../../../shared/protocol.js';
import { columnsOf, eachSample } from '../../metrics/sample-columns.js';
import { isObject, linesOf, textsOf } from './message-text.js';

export const EXPORT_FORMATS = ['ndjson', 'csv', 'html'] as const;

/** How a room's messages are written to a file, one after the other. */
export interface ExportFormat {
  readonly contentType: string;
  readonly extension: string;
  begin(room: string): string;
  write(message: Message, edited: boolean): string;
  /** The same of a message whose JSON text is there already; left out where that is of no use. */
  writeJson?(json: string): string;
  end(messages: number): string;
}

/** One row of a table: a message, or one of the lines or values that a message carries. */
interface Row {
  readonly time: number;
  readonly text?: string;
  readonly level?: string | undefined;
  readonly source?: string | undefined;
  readonly series?: string;
  readonly value?: number;
  readonly data?: unknown;
}

export const FORMATS: Readonly<Record<(typeof EXPORT_FORMATS)[number], ExportFormat>> = {
  ndjson: {
    contentType: 'application/x-ndjson',
    extension: 'ndjson',
    begin: () => '',
    write: (message, edited) => `${toJson(edited ? { ...message, edited } : message)}\n`,
    writeJson: (json) => `${json}\n`,
    end: () => '',
  },
  csv: {
    contentType: 'text/csv; charset=utf-8; header=present',
    extension: 'csv',
    begin: () =>
      csvLine(['position', 'time', 'type', 'from_id', 'from_name', 'text', 'level', 'source', 'series', 'value', 'data', 'edited']),
    write: (message, edited) =>
      rowsOf(message)
        .map((row) => csvRow(message, row, edited))
        .join(''),
    end: () => '',
  },
  html: {
    contentType: 'text/html; charset=utf-8',
    extension: 'html',
    begin: htmlHead,
    write: (message, edited) =>
      message.type === 'reaction'
        ? ''
        : rowsOf(message)
            .map((row) => htmlRow(message, row, edited))
            .join(''),
    end: (messages) => `</table>\n<p>${messages} messages</p>\n`,
  },
};

function rowsOf(message: Message): Row[] {
  const lines = linesOf(message);
  if (lines) {
    return lines.map(({ time = message.time, text, level, source, fields }) => ({ time, text, level, source, data: fields }));
  }
  const columns = columnsOf(message);
  if (columns) {
    const rows: Row[] = [];
    eachSample(columns, (series, value, time) => rows.push({ time, series, value }));
    return rows;
  }
  const [text] = textsOf(message);
  return [{ time: message.time, ...(text !== undefined && { text }), data: beside(message.data) }];
}

/** What a message's data has beside its text. */
function beside(data: unknown): unknown {
  if (typeof data === 'string') return undefined;
  if (!isObject(data) || typeof data.text !== 'string') return data;
  const { text: _, ...rest } = data;
  return Object.keys(rest).length > 0 ? rest : undefined;
}

function csvRow({ position, type, from }: Message, row: Row, edited: boolean): string {
  const { time, text, level, source, series, value, data } = row;
  const rest = data === undefined ? '' : toJson(data);
  return csvLine([position, isoTime(time), type, from.id, from.name, text, level, source, series, value, rest, edited ? 'true' : '']);
}

function csvLine(cells: readonly unknown[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/**
 * A cell of RFC 4180. Text that a spreadsheet would take for a formula gets an apostrophe in front
 * (https://owasp.org/www-community/attacks/CSV_Injection); a number is a number, its sign included.
 */
function csvCell(value: unknown): string {
  if (value === undefined || value === '') return '';
  if (typeof value === 'number') return String(value);
  const text = String(value);
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}

const STYLE =
  'body{font:15px/1.5 system-ui,sans-serif;margin:2rem;color-scheme:light dark}table{border-collapse:collapse}' +
  'td{padding:.15rem .75rem .15rem 0;vertical-align:top}.time,.note{opacity:.65;white-space:nowrap;font-variant-numeric:tabular-nums}' +
  '.text{white-space:pre-wrap;overflow-wrap:anywhere}';

function htmlHead(room: string): string {
  const title = escapeHtml(room);
  const policy = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`;
  return `<!doctype html>\n<meta charset="utf-8">\n${policy}\n<title>${title}</title>\n<style>${STYLE}</style>\n<h1>${title}</h1>\n<table>\n`;
}

function htmlRow({ from, type }: Message, { time, text, level, source, series, value, data }: Row, edited: boolean): string {
  const note = [level, source, edited ? 'edited' : ''].filter(Boolean).join(' ');
  const shown = series === undefined ? (text ?? `${type} ${toJson(data)}`) : `${series} ${value}`;
  const cells = [
    ['time', isoTime(time)],
    ['from', from.name],
    ['text', shown],
    ['note', note],
  ] as const;
  return `<tr>${cells.map(([name, content]) => `<td class="${name}">${escapeHtml(content)}</td>`).join('')}</tr>\n`;
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ESCAPES[char]!);
}

/** A client chooses the time of its log lines, and not all are dates. */
function isoTime(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}

/** JSON in which binary is `{ "base64": … }`. */
function toJson(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key, current: unknown) {
    const raw = this[key];
    return ArrayBuffer.isView(raw) ? { base64: Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('base64') } : current;
  });
}
