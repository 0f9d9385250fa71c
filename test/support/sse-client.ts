import { type IncomingMessage, request } from 'node:http';
import type { Scope } from './scope.js';
import { PATIENCE_MS, waitFor } from './wait.js';

export interface SseEvent {
  readonly event: string;
  readonly data: string;
  /** The last `id:` seen up to this event. */
  readonly id: string;
}

/** An open event stream, parsed as the HTML standard says (9.2.6), strictly: a field that it does not name is an error. */
export interface SseStream {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly events: SseEvent[];
  readonly comments: string[];
  /** The last `retry:` in milliseconds. */
  retryMs(): number | undefined;
  /** Waits for an event that fits, past or to come. */
  event(fits: (event: SseEvent) => boolean, timeoutMs?: number): Promise<SseEvent>;
  readonly ended: Promise<void>;
  close(): void;
}

export async function openSse(scope: Scope, url: string, headers: Record<string, string> = {}): Promise<SseStream> {
  const asked = request(url, { headers: { accept: 'text/event-stream', ...headers } });
  const response = await new Promise<IncomingMessage>((resolve, reject) => asked.once('response', resolve).once('error', reject).end());
  const parser = new SseParser();
  response.setEncoding('utf8').on('data', (text: string) => parser.feed(text));
  const ended = new Promise<void>((resolve) => response.once('close', resolve).once('error', () => resolve()));
  const stream: SseStream = {
    status: response.statusCode!,
    headers: response.headers,
    events: parser.events,
    comments: parser.comments,
    retryMs: () => parser.retryMs,
    event: (fits, timeoutMs = PATIENCE_MS) => waitFor(() => parser.check().find(fits), { timeoutMs, what: `an event of ${url}` }),
    ended,
    close: () => asked.destroy(),
  };
  return scope.defer(stream, (open) => open.close());
}

class SseParser {
  readonly events: SseEvent[] = [];
  readonly comments: string[] = [];
  retryMs: number | undefined;
  private rest = '';
  private id = '';
  private event = '';
  private data: string[] = [];
  private fault: Error | undefined;

  check(): SseEvent[] {
    if (this.fault) throw this.fault;
    return this.events;
  }

  feed(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop()!;
    for (const line of lines) this.line(line.endsWith('\r') ? line.slice(0, -1) : line);
  }

  private line(line: string): void {
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)!;
    if (line === '') this.dispatch();
    else if (field === '') this.comments.push(value);
    else this.field(field!, value);
  }

  private field(field: string, value: string): void {
    if (field === 'data') this.data.push(value);
    else if (field === 'event') this.event = value;
    else if (field === 'id') this.id = value;
    else if (field === 'retry' && /^[0-9]+$/.test(value)) this.retryMs = Number(value);
    else this.fault = new Error(`not a field of an event stream: ${field}: ${value}`);
  }

  private dispatch(): void {
    if (this.data.length > 0) this.events.push({ event: this.event || 'message', data: this.data.join('\n'), id: this.id });
    this.event = '';
    this.data = [];
  }
}
