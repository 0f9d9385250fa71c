import type { IncomingMessage } from 'node:http';
import { PassThrough, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { HubError } from '../../shared/errors.js';
import { createUnsnappy, unpackSnappy } from './snappy.js';

/** The sender went away in the middle: there is nobody to answer. */
export class SenderGone extends Error {
  override readonly name = 'SenderGone';
}

const UNPACKED = { chunkSize: 64 * 1024 };
const UNPACKERS: Readonly<Record<string, (maxBytes: number) => Transform>> = {
  identity: () => new PassThrough(),
  gzip: () => createGunzip(UNPACKED),
  'x-gzip': () => createGunzip(UNPACKED),
  deflate: () => createInflate(UNPACKED),
  br: () => createBrotliDecompress(UNPACKED),
  snappy: createUnsnappy,
};

/** Time for which the rest of a body that nobody wants is read; then the connection is cut. */
const DISCARD_MS = 5_000;

export interface RequestBodyOptions {
  /** Bytes of a packed body when unpacked, and of one that is read as a whole; 0: no limit. */
  readonly maxBytes: number;
  /** Time that a body which is read as a whole may take. */
  readonly wholeMs: number;
}

/** The body of a request, unpacked, as it comes: in bounded memory, without end if the sender likes, and endable from here. */
export class RequestBody {
  readonly #source: Transform;
  readonly #packed: boolean;

  /** @throws HubError `invalid` for an encoding that is not known */
  constructor(
    private readonly req: IncomingMessage,
    private readonly options: RequestBodyOptions,
  ) {
    const encoding = (req.headers['content-encoding'] ?? 'identity').trim().toLowerCase() || 'identity';
    const unpacker = Object.hasOwn(UNPACKERS, encoding) ? UNPACKERS[encoding] : undefined;
    if (!unpacker) throw new HubError('invalid', `the Content-Encoding is one of ${Object.keys(UNPACKERS).join(', ')}`);
    this.#packed = encoding !== 'identity';
    this.#source = unpacker(options.maxBytes);
    const gone = () => {
      if (!req.complete) this.#source.destroy(new SenderGone());
    };
    req.once('close', gone).once('error', gone).pipe(this.#source);
  }

  /** Ends the reading with an error, also while it waits. */
  fail(error: unknown): void {
    this.#source.destroy(error instanceof Error ? error : new HubError('internal'));
  }

  /** @throws HubError `too_large`, `invalid` when it cannot be unpacked, what `fail` was given; SenderGone */
  chunks(): AsyncGenerator<Buffer> {
    return this.#read(this.#packed ? this.options.maxBytes : 0);
  }

  /** @throws HubError as `chunks`, `timeout` when it takes too long */
  async whole(): Promise<Buffer> {
    const { maxBytes, wholeMs } = this.options;
    const late = setTimeout(() => this.fail(new HubError('timeout', 'the body took too long to arrive')), wholeMs);
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of this.#read(maxBytes)) chunks.push(chunk);
    } finally {
      clearTimeout(late);
    }
    return Buffer.concat(chunks);
  }

  /**
   * The whole body of a sender that packs with snappy, also when it does not say so.
   * @throws HubError as `whole`
   */
  async wholeSnappy(): Promise<Buffer> {
    const body = await this.whole();
    return this.#packed ? body : unpackSnappy(body, this.options.maxBytes);
  }

  /** Reads no further; see `discardRest`. */
  discard(): void {
    this.req.unpipe(this.#source);
    discardRest(this.req);
  }

  async *#read(maxBytes: number): AsyncGenerator<Buffer> {
    let bytes = 0;
    try {
      for await (const chunk of this.#source as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (maxBytes > 0 && bytes > maxBytes) throw new HubError('too_large', `a body has at most ${maxBytes} bytes, unpacked`);
        yield chunk;
      }
    } catch (error) {
      if (error instanceof HubError || error instanceof SenderGone || !this.#packed) throw error;
      throw new HubError('invalid', 'the body cannot be unpacked as its Content-Encoding says');
    }
  }
}

/** Reads what is left of a request to nowhere, for a while: its sender may read the answer only when it has sent everything. */
export function discardRest(req: IncomingMessage): void {
  if (req.complete || req.destroyed) return;
  const cut = setTimeout(() => req.destroy(), DISCARD_MS).unref();
  req.once('close', () => clearTimeout(cut)).once('end', () => clearTimeout(cut));
  req.resume();
}
