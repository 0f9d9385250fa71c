import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import { RESP_TYPES } from 'redis';
import { HubError } from '../../shared/errors.js';
import { JobKeys } from './job-keys.js';
import { type JobScript, loadJobScript, runJobScript } from './job-scripts.js';
import type { JobsLink, RedisClient } from './jobs-link.js';
import { BOUNDLESS, FILE_COSTS_BYTES, type ResultBounds, resultsFull } from './result-bounds.js';
import type { ResultFile, ResultStore, ResultWriter } from './result-store.js';

export interface RedisResultStoreOptions {
  readonly link: Pick<JobsLink, 'run'>;
  readonly prefix: string;
  /** Bytes that one file may take in Redis, where it is compressed. Default 64 MiB. */
  readonly maxBytes?: number;
  /** Of all files, as they are in Redis. Default none. */
  readonly bounds?: ResultBounds;
}

interface Described {
  readonly name: string;
  readonly contentType: string;
  readonly bytes: number;
  /** The hash with the chunks: compressed, by their number. */
  readonly chunks: string;
}

/** Bytes of a file, uncompressed, in one field: what a range read has to take at the least. */
const CHUNK_BYTES = 256 * 1024;
/** A file that is not finished by then belongs to a run that ended without a word; each chunk extends it. */
const UNFINISHED_MS = 3_600_000;

const PUT_CHUNK = loadJobScript('lease-time', 'byte-use', 'result-use', 'put-result-chunk');
const FINISH = loadJobScript('lease-time', 'byte-use', 'result-use', 'finish-result');
const DROP = loadJobScript('byte-use', 'drop-result');

const compress = promisify(deflateRaw);
const expand = promisify(inflateRaw);

/** Result files that every instance can read: a hash of compressed chunks, and a description that is set when they are all there. */
export function createRedisResultStore({
  link,
  prefix,
  maxBytes = 64 * 1024 * 1024,
  bounds = BOUNDLESS,
}: RedisResultStoreOptions): ResultStore {
  const keys = new JobKeys(prefix);
  const keyOf = (...parts: string[]) => keys.of('result', ...parts);
  const counts = ['ends', 'sizes', 'use'].map((name) => keys.of('results', name));
  const run = (script: JobScript, file: string, args: (string | Buffer)[], ...more: string[]) =>
    runJobScript(link, script, [...counts, file, ...more], args);

  async function readChunk(key: string, chunk: number): Promise<Buffer> {
    const packed = await link.run((client) => bytesOf(client).hGet(key, String(chunk)));
    if (!packed) throw new HubError('not_found', 'the result is no longer kept');
    return expand(packed);
  }

  async function* readRange(key: string, start: number, end: number): AsyncGenerator<Uint8Array> {
    for (let at = start; at <= end; ) {
      const chunk = Math.floor(at / CHUNK_BYTES);
      const from = at - chunk * CHUNK_BYTES;
      const bytes = (await readChunk(key, chunk)).subarray(from, from + end - at + 1);
      yield bytes;
      at += bytes.length;
    }
  }

  return {
    async create(jobId, { name, contentType, ttlMs, holder }) {
      const chunks = keyOf(jobId, randomBytes(6).toString('hex'));
      return chunkWriter({
        async put(chunk, bytes) {
          const most = [bounds.all, bounds.perHolder, FILE_COSTS_BYTES].map(String);
          const full = await run(PUT_CHUNK, chunks, [holder, String(chunk), Buffer.from(bytes), String(UNFINISHED_MS), ...most]);
          if (full === 'own' || full === 'all') throw resultsFull(full);
        },
        async finish(bytes) {
          const described: Described = { name, contentType, bytes, chunks };
          const lifeMs = Math.max(1, Math.round(ttlMs));
          // The chunks outlive their description, so that what was opened at the last moment can be read.
          const lives = [String(lifeMs), String(lifeMs + UNFINISHED_MS)];
          const before = await run(FINISH, chunks, [JSON.stringify(described), ...lives], keyOf(jobId));
          if (typeof before === 'string') await run(DROP, (JSON.parse(before) as Described).chunks, []);
          return { file: name, bytes, contentType };
        },
        drop: () => run(DROP, chunks, []).then(() => {}),
        maxBytes,
      });
    },
    async open(jobId) {
      const text = await link.run((client) => client.get(keyOf(jobId)));
      if (!text) return undefined;
      const { name, contentType, bytes, chunks } = JSON.parse(text) as Described;
      const file: ResultFile = {
        name,
        contentType,
        bytes,
        version: chunks.slice(chunks.lastIndexOf(':') + 1),
        read: ({ start, end } = { start: 0, end: bytes - 1 }) => readRange(chunks, start, Math.min(end, bytes - 1)),
      };
      return file;
    },
    async close() {},
  };
}

function bytesOf(client: RedisClient) {
  return client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
}

interface ChunkSink {
  put(chunk: number, bytes: Uint8Array): Promise<void>;
  finish(bytes: number): ReturnType<ResultWriter['finish']>;
  drop(): Promise<void>;
  readonly maxBytes: number;
}

/** Cuts what is written into chunks of one size, the last one shorter. */
function chunkWriter({ put, finish, drop, maxBytes }: ChunkSink): ResultWriter {
  let open = Buffer.alloc(CHUNK_BYTES);
  let filled = 0;
  let chunks = 0;
  let stored = 0;

  async function flush(): Promise<void> {
    if (filled === 0) return;
    const packed = await compress(open.subarray(0, filled), { level: 3 });
    stored += packed.length;
    if (stored > maxBytes) throw new HubError('too_large', `the result takes more than ${maxBytes} bytes`);
    await put(chunks, packed);
    chunks++;
    filled = 0;
    open = Buffer.alloc(CHUNK_BYTES);
  }

  return {
    async write(chunk) {
      const data = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      for (let at = 0; at < data.length; ) {
        const part = data.subarray(at, at + CHUNK_BYTES - filled);
        open.set(part, filled);
        filled += part.length;
        at += part.length;
        if (filled === CHUNK_BYTES) await flush();
      }
    },
    async finish() {
      const bytes = chunks * CHUNK_BYTES + filled;
      await flush();
      return finish(bytes);
    },
    abort: drop,
  };
}
