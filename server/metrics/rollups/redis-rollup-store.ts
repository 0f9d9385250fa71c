import { readFileSync } from 'node:fs';
import { RESP_TYPES } from 'redis';
import { HubError } from '../../../shared/errors.js';
import { groupBy } from '../../../shared/group-by.js';
import type { RoomName } from '../../../shared/rooms.js';
import { chunkMs, longestTtlMs, type RollupLevel } from './rollup-levels.js';
import type { Chunk, ChunkRef, RollupCommit, RollupStore } from './rollup-store.js';

/** The part of node-redis' client that this engine uses. */
interface RollupClient {
  sendCommand(args: (string | Buffer)[], options?: { typeMapping: { [RESP_TYPES.BLOB_STRING]: typeof Buffer } }): Promise<unknown>;
}

/** What this engine asks of the link to Redis. */
export interface RollupLink {
  /** @throws HubError `unavailable`, `timeout`, `storage_full` within 2 s */
  run<Result>(work: (client: RollupClient) => Promise<Result>): Promise<Result>;
}

export interface RedisRollupOptions {
  readonly link: RollupLink;
  /** In front of each key. */
  readonly prefix: string;
  readonly levels: readonly RollupLevel[];
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

const BYTES = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };
/** Reads that found another mark at their end than at their beginning, before they are given up. */
const READS = 5;

const COMMIT_SCRIPT = readFileSync(new URL('./rollup-commit.lua', import.meta.url), 'utf8');

/**
 * The engine of many instances: a hash per room, level and chunk with the series as its fields, which Redis ends by itself. All of a
 * room has one hash tag: one slot of a Redis Cluster.
 */
export function createRedisRollupStore({ link, prefix, levels, now = Date.now }: RedisRollupOptions): RollupStore {
  const longest = longestTtlMs(levels);
  const ttls = new Map(levels.map(({ stepMs, ttlMs }) => [stepMs, ttlMs]));
  const keyOf = (room: RoomName, ...parts: (string | number)[]) => [`${prefix}:{${room}}:rollup`, ...parts].join(':');
  const chunkKey = (room: RoomName, { stepMs, start }: Pick<ChunkRef, 'stepMs' | 'start'>) => keyOf(room, stepMs, start);
  const readMark = async (client: RollupClient, room: RoomName) =>
    ((await client.sendCommand(['GET', keyOf(room, 'mark')])) as string) ?? undefined;

  async function readChunks(client: RollupClient, room: RoomName, refs: readonly ChunkRef[]): Promise<(Buffer | undefined)[]> {
    const found: (Buffer | undefined)[] = new Array(refs.length);
    const wanted = groupBy(refs.entries(), ([, ref]) => chunkKey(room, ref));
    const reads = [...wanted].map(async ([key, group]) => {
      const fields = group.map(([, { series }]) => series);
      const values = (await client.sendCommand(['HMGET', key, ...fields], BYTES)) as (Buffer | null)[];
      group.forEach(([place], i) => {
        found[place] = values[i] ?? undefined;
      });
    });
    await Promise.all(reads);
    return found;
  }

  async function readWhole(client: RollupClient, room: RoomName, refs: readonly ChunkRef[]) {
    for (let reads = 0; reads < READS; reads++) {
      const before = readMark(client, room);
      const chunks = readChunks(client, room, refs);
      const after = readMark(client, room);
      const [mark, found, still] = await Promise.all([before, chunks, after]);
      if (mark === still) return { mark, chunks: found };
    }
    throw new HubError('busy', 'the roll-ups of the room change too fast to be read', 1_000);
  }

  function hashArgs(stepMs: number, start: number, chunks: readonly Chunk[]): (string | Buffer)[] {
    const keepMs = Math.max(1, start + chunkMs(stepMs) + (ttls.get(stepMs) ?? 0) - now());
    return [String(keepMs), String(chunks.length), ...chunks.flatMap(({ series, bytes }) => [series, bytes])];
  }

  async function commit(client: RollupClient, room: RoomName, { from, to, chunks, names }: RollupCommit): Promise<boolean> {
    const hashes = groupBy(chunks, (chunk) => chunkKey(room, chunk));
    const keys = [keyOf(room, 'mark'), keyOf(room, 'names'), ...hashes.keys()];
    const args = [from ?? '', to, String(longest), String(names.length), ...names.flatMap(({ series, until }) => [String(until), series])];
    const fields = [...hashes.values()].flatMap((group) => hashArgs(group[0]!.stepMs, group[0]!.start, group));
    return (await client.sendCommand(['EVAL', COMMIT_SCRIPT, String(keys.length), ...keys, ...args, ...fields])) === 1;
  }

  return {
    mark: (room) => link.run((client) => readMark(client, room)),
    read: (room, refs) => link.run((client) => readWhole(client, room, refs)),
    commit: (room, change) => link.run((client) => commit(client, room, change)),
    series: (room, since) =>
      link.run((client) => client.sendCommand(['ZRANGEBYSCORE', keyOf(room, 'names'), `(${since}`, '+inf']) as Promise<string[]>),
    async close() {},
  };
}
