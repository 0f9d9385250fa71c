import { setTimeout as delay } from 'node:timers/promises';
import { HubError, type WireError } from '../../shared/errors.js';
import { choice, onOff, whole } from '../config/option.js';
import { CLIENT_OPTIONS, OPTIONS } from '../config/options.js';
import { ConfigError, readOptions } from '../config/read.js';
import { LineSplitter } from '../ingest/line-stream.js';
import { type Command, EXIT, type Terminal } from './command.js';
import { createOutbox, type Outbox } from './pipe-outbox.js';

const FORMATS = { lines: 'text/plain; charset=utf-8', ndjson: 'application/x-ndjson' } as const;
const LINE_BYTES = 256 * 1024;

const options = {
  ...CLIENT_OPTIONS,
  format: choice(['lines', 'ndjson'], 'lines', 'What stdin holds: plain lines, or one JSON value per line.', { env: false }),
  tee: onOff(false, 'Print the lines too.', { env: false }),
  giveUpMs: whole({ min: 0, max: 86_400_000, default: 600_000 }, 'Milliseconds to go on trying while the hub takes nothing; 0: for ever.', {
    env: false,
  }),
};

/**
 * `some-command | roomcast pipe logs:build`: sends lines to a room as they come. While the hub is away the lines wait, and when many
 * wait, so does the command: nothing is dropped. Lines whose answer got lost are sent again, and may be in the room twice then.
 */
export const command: Command = {
  usage: '<room> [flags]',
  options,
  run: async (argv, terminal) => {
    const { values, positionals } = readOptions(options, { env: terminal.env, argv, alsoKnown: OPTIONS });
    const [room, ...others] = positionals;
    if (room === undefined || others.length > 0) throw new ConfigError('pipe takes one room: some-command | roomcast pipe logs:build');
    const send = sender({ ...values, room, report: terminal.report, stop: terminal.stop });
    const outbox = createOutbox(send);
    terminal.stop.addEventListener('abort', () => outbox.end(), { once: true });
    const reading = readInto(outbox, values.tee, terminal);
    try {
      await outbox.sent;
    } finally {
      terminal.closeStdin();
    }
    await reading;
    return EXIT.ok;
  },
};

async function readInto(outbox: Outbox, tee: boolean, { stdin, print }: Terminal): Promise<void> {
  const splitter = new LineSplitter(LINE_BYTES);
  const put = async (lines: readonly { text: string }[]) => {
    for (const { text } of lines) {
      if (tee) print(text);
      if (text !== '') await outbox.put(text);
    }
  };
  try {
    for await (const chunk of stdin) {
      await put(
        splitter.push(typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)),
      );
      if (outbox.ended) return;
    }
    await put(splitter.end());
  } catch (error) {
    // Closed by `closeStdin`, with nobody left to read for.
    if (!outbox.ended) throw error;
  } finally {
    outbox.end();
  }
}

interface SenderOptions {
  readonly url: string;
  readonly room: string;
  readonly token: string | undefined;
  readonly format: keyof typeof FORMATS;
  readonly giveUpMs: number;
  readonly report: (line: string) => void;
  readonly stop: AbortSignal;
}

/** Posts one batch, again and again while the hub says `later` or cannot be reached. */
function sender({ url, room, token, format, giveUpMs, report, stop }: SenderOptions): (body: string) => Promise<void> {
  const address = new URL(`api/ingest/${encodeURIComponent(room)}`, url.endsWith('/') ? url : `${url}/`);
  const headers = { 'content-type': FORMATS[format], ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  return async (body) => {
    const startedAt = performance.now();
    for (let attempt = 0; ; attempt++) {
      const refusal = await post(address, headers, body);
      if (!refusal) {
        if (attempt > 0) report('roomcast: the hub is back');
        return;
      }
      const expired = giveUpMs > 0 && performance.now() - startedAt > giveUpMs;
      if (refusal.retry !== 'later' || stop.aborted || expired)
        throw new HubError(refusal.code, `${room} was not sent: ${refusal.message}`);
      if (attempt === 0) report(`roomcast: waiting for the hub: ${refusal.message}`);
      await delay(refusal.retryAfterMs ?? Math.min(5_000, 250 * 2 ** attempt), undefined, { signal: stop }).catch(() => {});
    }
  };
}

/** Why the hub did not take the body; undefined: it did. */
async function post(address: URL, headers: Record<string, string>, body: string): Promise<WireError | undefined> {
  try {
    const response = await fetch(address, { method: 'POST', headers, body, signal: AbortSignal.timeout(30_000) });
    const text = await response.text();
    if (response.ok) return undefined;
    return refusalOf(response.status, text);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { code: 'unavailable', retry: 'later', message: `${address.origin} cannot be reached (${(cause as Error).message})` };
  }
}

function refusalOf(status: number, text: string): WireError {
  const retry = status >= 500 || status === 429 ? 'later' : 'never';
  try {
    const { error }: { error: WireError } = JSON.parse(text);
    if (typeof error.code === 'string' && typeof error.message === 'string') return { ...error, retry: error.retry ?? retry };
  } catch {
    // Not the hub's own answer: a proxy's, perhaps.
  }
  return { code: 'unavailable', retry, message: `the answer was ${status}` };
}
