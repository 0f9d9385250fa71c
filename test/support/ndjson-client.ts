import type { Readable } from 'node:stream';
import type { Scope } from './scope.js';

/** One line of an NDJSON stream of events. */
export interface NdjsonLine {
  readonly event: string;
  readonly id?: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
  readonly data?: any;
}

export interface NdjsonStream {
  readonly status: number;
  readonly headers: Headers;
  readonly lines: NdjsonLine[];
  close(): void;
}

/** Opens a stream of events as NDJSON with `fetch`. */
export async function openNdjson(scope: Scope, url: string, headers: Record<string, string> = {}): Promise<NdjsonStream> {
  const abort = new AbortController();
  const response = await fetch(url, { headers: { accept: 'application/x-ndjson', ...headers }, signal: abort.signal });
  const lines: NdjsonLine[] = [];
  const read = async () => {
    for await (const text of response.body!.pipeThrough(new TextDecoderStream())) feed(text);
  };
  const feed = lineReader(lines);
  // What is left behind ends with an error that nobody waits for.
  void read().catch(() => {});
  const stream = { status: response.status, headers: response.headers, lines, close: () => abort.abort() };
  return scope.defer(stream, (open) => open.close());
}

/** The lines that a process prints. */
export function ndjsonOf(output: Readable): NdjsonLine[] {
  const lines: NdjsonLine[] = [];
  output.setEncoding('utf8').on('data', lineReader(lines));
  return lines;
}

function lineReader(lines: NdjsonLine[]): (text: string) => void {
  let rest = '';
  return (text) => {
    const whole = (rest + text).split('\n');
    rest = whole.pop()!;
    lines.push(...whole.map((line) => JSON.parse(line) as NdjsonLine));
  };
}
