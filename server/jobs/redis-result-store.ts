import { randomBytes } from 'node:crypto';
import { RESP_TYPES } from 'redis';
import { HubError } from '../../shared/errors.js';
import type { RedisLink } from '../adapter/redis-link.js';
import type { ResultFile, ResultStore, ResultWriter } from './result-store.js';

export interface RedisResultStoreOptions {
  readonly link: Pick<RedisLink, 'run'>;
  readonly prefix: string;
  /** Bytes of one result at most: Redis holds it in memory. Default 256 MiB. */
  readonly maxBytes?: number;
}

interface Described {
  readonly name: string;
  readonly contentType: string;
  readonly bytes: number;
  readonly run: string;
}

const CHUNK_BYTES = 256 * 1024;
/** What an unfinished run wrote is gone after this long. */
const UNFINISHED_MS = 60 * 60_000;
const AS_BUFFER = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } } as const;

/** Result files in Redis, in chunks of a fixed size, so that any instance serves any range. The description comes last: it never describes half a file. */
export function createRedisResultStore({ link, prefix, maxBytes = 256 * 1024 * 1024 }: RedisResultStoreOptions): ResultStore {
  const keyOf = (jobId: string) => `${prefix}:result:{${jobId}}`;
  const chunkKey = (jobId: string, run: string, n: number) => `${keyOf(jobId)}:${run}:${n}`;
  const chunkOf = (jobId: string, run: string, n: number) =>
    link.run(async (client) => (await client.withCommandOptions(AS_BUFFER).get(chunkKey(jobId, run, n))) as Buffer | null);

  async function* read(
    jobId: string,
    { bytes, run }: Described,
    { start, end } = { start: 0, end: bytes - 1 },
  ): AsyncGenerator<Uint8Array> {
    for (let at = start; at <= end; ) {
      const n = Math.floor(at / CHUNK_BYTES);
      const chunk = await chunkOf(jobId, run, n);
      if (!chunk) throw new HubError('not_found', 'the result ran out of time while it was read');
      const offset = at - n * CHUNK_BYTES;
      const part = chunk.subarray(offset, Math.min(chunk.length, offset + end - at + 1));
      yield part;
      at += part.length;
    }
  }

  return {
    async create(jobId, { name, contentType, ttlMs }) {
      const run = randomBytes(6).toString('hex');
      const chunks = chunked(maxBytes, (n, chunk) =>
        link.run((client) =>
          client.set(chunkKey(jobId, run, n), chunk, { expiration: { type: 'PX', value: Math.max(ttlMs, UNFINISHED_MS) } }),
        ),
      );
      const drop = async () => {
        const keys = Array.from({ length: chunks.count() }, (_, n) => chunkKey(jobId, run, n));
        if (keys.length > 0) await link.run((client) => client.unlink(keys));
      };
      const writer: ResultWriter = {
        write: (chunk) => chunks.write(typeof chunk === 'string' ? Buffer.from(chunk) : chunk),
        async finish() {
          const bytes = await chunks.end();
          const described: Described = { name, contentType, bytes, run };
          const expiration = { type: 'PX', value: ttlMs } as const;
          await link.run((client) => client.set(keyOf(jobId), JSON.stringify(described), { expiration }));
          return { file: name, bytes, contentType };
        },
        abort: () => drop().catch(() => undefined),
      };
      return writer;
    },
    async open(jobId) {
      const text = await link.run((client) => client.get(keyOf(jobId)));
      if (text === null) return undefined;
      const described = JSON.parse(text) as Described;
      const { name, contentType, bytes } = described;
      const file: ResultFile = { name, contentType, bytes, read: (range) => read(jobId, described, range) };
      return file;
    },
    async close() {},
  };
}

/** Cuts what is written into chunks of one size, the last one shorter; one chunk is on its way at a time. */
function chunked(maxBytes: number, put: (n: number, chunk: Buffer) => Promise<unknown>) {
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let bytes = 0;
  let count = 0;
  const cut = async (): Promise<void> => {
    const all = Buffer.concat(waiting);
    let at = 0;
    for (; all.length - at >= CHUNK_BYTES; at += CHUNK_BYTES) await put(count++, all.subarray(at, at + CHUNK_BYTES));
    waiting = [all.subarray(at)];
    waitingBytes = all.length - at;
  };
  return {
    count: () => count,
    async write(chunk: Uint8Array): Promise<void> {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new HubError('too_large', `the result has more than ${maxBytes} bytes`);
      waiting.push(chunk);
      waitingBytes += chunk.length;
      if (waitingBytes >= CHUNK_BYTES) await cut();
    },
    async end(): Promise<number> {
      await cut();
      if (waitingBytes > 0) await put(count++, Buffer.concat(waiting));
      return bytes;
    },
  };
}
