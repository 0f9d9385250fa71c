import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { HubError, type WireError } from '../../shared/errors.js';
import type { PipeBatch } from './pipe-outbox.js';

const PIPE_FORMATS = { lines: 'text/plain; charset=utf-8', ndjson: 'application/x-ndjson' } as const;

export interface PipeSenderOptions {
  readonly url: string;
  readonly room: string;
  readonly token: string | undefined;
  readonly format: keyof typeof PIPE_FORMATS;
  readonly level: string | undefined;
  readonly source: string | undefined;
  readonly multiline: string | undefined;
  readonly giveUpMs: number;
  readonly report: (line: string) => void;
  readonly stop: AbortSignal;
}

const ANSWER_MS = 30_000;
const PAUSE_MS = 250;
const PAUSE_MAX_MS = 5_000;
/** Age from which a batch is told when it was read: else the hub's own clock says it better. */
const OLD_MS = 1_000;

/** What a hub said to a batch. */
interface Reply {
  /** Why the batch is not in the room; undefined: all of it is that could be taken. */
  readonly refusal?: WireError;
  /** Lines that the hub will never take, and why. */
  readonly refused?: { readonly lines: number; readonly why: string };
}

/**
 * Posts batches, each again and again while the hub says `later` or cannot be reached. Each has a key of its own, so that one whose answer got
 * lost is not stored twice.
 */
export class PipeSender {
  /** Lines that the hub refused for good. */
  refused = 0;
  readonly #run = randomUUID();
  #batches = 0;

  constructor(private readonly options: PipeSenderOptions) {}

  /** @throws HubError when the hub refuses the batch for good, or does not take it in time */
  async send(batch: PipeBatch): Promise<void> {
    const { room, giveUpMs, report, stop } = this.options;
    const key = `${this.#run}:${++this.#batches}`;
    const startedAt = performance.now();
    for (let attempt = 0; ; attempt++) {
      const { refusal, refused } = await this.#post(batch, key);
      if (!refusal) {
        if (attempt > 0) report('roomcast: the hub is back');
        if (refused) report(`roomcast: lines were refused: ${refused.why}`);
        this.refused += refused?.lines ?? 0;
        return;
      }
      const expired = giveUpMs > 0 && performance.now() - startedAt > giveUpMs;
      if (refusal.retry !== 'later' || stop.aborted || expired)
        throw new HubError(refusal.code, `${room} was not sent: ${refusal.message}`);
      if (attempt === 0) report(`roomcast: waiting for the hub: ${refusal.message}`);
      const pauseMs = refusal.retryAfterMs ?? Math.min(PAUSE_MAX_MS, PAUSE_MS * 2 ** attempt) * (0.5 + Math.random() / 2);
      await delay(pauseMs, undefined, { signal: stop }).catch(() => {});
    }
  }

  async #post({ body, readAt }: PipeBatch, key: string): Promise<Reply> {
    const { token, format } = this.options;
    const address = this.#address(readAt);
    const headers = {
      'content-type': PIPE_FORMATS[format],
      'idempotency-key': key,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    try {
      const response = await fetch(address, { method: 'POST', headers, body, signal: AbortSignal.timeout(ANSWER_MS) });
      return readReply(response, await response.text());
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      const message = `${address.origin} cannot be reached (${(cause as Error).message})`;
      return { refusal: { code: 'unavailable', retry: 'later', message } };
    }
  }

  #address(readAt: number): URL {
    const { url, room, level, source, multiline } = this.options;
    const address = new URL(`api/ingest/${encodeURIComponent(room)}`, url.endsWith('/') ? url : `${url}/`);
    const time = Date.now() - readAt > OLD_MS ? String(readAt) : undefined;
    for (const [name, value] of Object.entries({ level, source, multiline, time })) {
      if (value !== undefined) address.searchParams.set(name, value);
    }
    return address;
  }
}

function readReply({ ok, status, headers }: Response, text: string): Reply {
  const { error, refused = 0, errors = [] } = answerIn(text);
  const first = errors[0];
  // Lines that no repetition mends: the rest of the batch is in the room, and what follows is for itself.
  if (first && refused > 0 && (ok || status === 400)) {
    return {
      refused: { lines: refused, why: `line ${first.line} of a batch: ${first.message}${refused > 1 ? `; and ${refused - 1} more` : ''}` },
    };
  }
  if (ok) return {};
  const retry = status >= 500 || status === 429 ? 'later' : 'never';
  const seconds = Number(headers.get('retry-after') ?? 'NaN');
  const later = Number.isFinite(seconds) ? { retryAfterMs: seconds * 1_000 } : {};
  if (error) return { refusal: { ...later, ...error, retry: error.retry ?? retry } };
  return { refusal: { code: 'unavailable', retry, message: `the answer was ${status}`, ...later } };
}

interface Answer {
  readonly error?: WireError;
  readonly refused?: number;
  readonly errors?: readonly { readonly line: number; readonly message: string }[];
}

/** The hub's own answer; nothing of one that is not: a proxy's, perhaps. */
function answerIn(text: string): Answer {
  try {
    const answer: Answer = JSON.parse(text);
    const known = typeof answer.error?.code === 'string' && typeof answer.error.message === 'string';
    return { ...answer, ...(answer.error && !known && { error: undefined }) };
  } catch {
    return {};
  }
}
