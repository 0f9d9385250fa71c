import { setImmediate as turn } from 'node:timers/promises';
import { BOUNDS } from '../../shared/limits.js';
import type { RoomName } from '../../shared/rooms.js';
import { Chunk } from './lmdb-chunks.js';
import { endOf, endsOf, type LmdbTables } from './lmdb-tables.js';
import { seqsOf } from './log-range.js';
import type { LogEnds, LogEntry, LogPage, LogRange, LogRoom } from './room-log.js';

const ROOMS_PER_TURN = 500;

export function readPage(tables: LmdbTables, room: RoomName, range: LogRange): LogPage {
  const head = tables.heads.get(room);
  const ends = endsOf(tables, room, head);
  const { from, to } = seqsOf(ends, range);
  if (!head || from > to || range.limit < 1) return { ...ends, entries: [] };
  const reverse = range.from === 'newest';
  const entries: LogEntry[] = [];
  let bytes = 0;
  for (const chunk of reverse ? chunksDown(tables, head.n, to, from) : chunksUp(tables, head.n, from, to)) {
    const low = Math.max(from, chunk.first);
    const high = Math.min(to, chunk.last);
    for (let i = 0; i <= high - low && entries.length < range.limit; i++) {
      const seq = reverse ? high - i : low + i;
      bytes += chunk.bytesOf(seq);
      if (bytes > BOUNDS.pageBytes && entries.length > 0) return pageOf(ends, entries, reverse);
      entries.push(chunk.entry(room, head.epoch, seq));
    }
    if (entries.length === range.limit) break;
  }
  return pageOf(ends, entries, reverse);
}

function pageOf(ends: LogEnds, entries: LogEntry[], reverse: boolean): LogPage {
  return { ...ends, entries: reverse ? entries.reverse() : entries };
}

/** The chunks that have the seqs from `from` up to `to`. A chunk's key is its last seq: the one that has a seq comes at or behind it. */
function* chunksUp({ entries }: LmdbTables, n: number, from: number, to: number): Generator<Chunk> {
  for (const { key, value } of entries.getRange({ start: [n, from], end: endOf(n) })) {
    yield new Chunk(value, key[1]);
    if (key[1] >= to) return;
  }
}

function* chunksDown({ entries }: LmdbTables, n: number, to: number, from: number): Generator<Chunk> {
  const [start] = entries.getKeys({ start: [n, to], end: endOf(n), limit: 1 });
  if (!start) return;
  for (const { key, value } of entries.getRange({ start, end: [n, from], inclusiveEnd: true, reverse: true }))
    yield new Chunk(value, key[1]);
}

/** Gives other work a turn now and then: a hub can have very many rooms. */
export async function listRooms(tables: LmdbTables, { prefix, limit }: { prefix: string; limit: number }): Promise<LogRoom[]> {
  const colon = prefix.indexOf(':');
  const kinds = colon < 0 ? allKinds(tables).filter((kind) => kind.startsWith(prefix)) : [prefix.slice(0, colon)];
  const found: LogRoom[] = [];
  for (const kind of kinds) found.push(...(await listKind(tables, kind, prefix, limit)));
  return found.sort((a, b) => b.time - a.time).slice(0, limit);
}

async function listKind(tables: LmdbTables, kind: string, prefix: string, limit: number): Promise<LogRoom[]> {
  const found: LogRoom[] = [];
  let before: [string, number, number] = [kind, Number.POSITIVE_INFINITY, 0];
  while (found.length < limit) {
    const page = [
      ...tables.recent.getRange({ start: before, end: [kind] as never, reverse: true, limit: ROOMS_PER_TURN, exclusiveStart: true }),
    ];
    for (const { value: room } of page) {
      const head = room.startsWith(prefix) && found.length < limit ? tables.heads.get(room) : undefined;
      if (head && head.first <= head.last) found.push({ room, last: head.last, time: head.time });
    }
    if (page.length < ROOMS_PER_TURN) break;
    before = page.at(-1)!.key;
    await turn();
  }
  return found;
}

/** Jumps from kind to kind: after a kind's numbers comes any text. */
function allKinds({ recent }: LmdbTables): string[] {
  const kinds: string[] = [];
  for (;;) {
    const after = kinds.length === 0 ? [''] : [kinds.at(-1)!, '~'];
    const [key] = recent.getKeys({ start: after as never, limit: 1 });
    if (!key) return kinds;
    kinds.push(key[0]);
  }
}
