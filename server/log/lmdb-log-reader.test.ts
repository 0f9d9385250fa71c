import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { temporaryDir } from '../../test/support/files.js';
import { testScope } from '../../test/support/scope.js';
import { PATIENCE_MS } from '../../test/support/wait.js';
import { type LmdbLogReader, lmdbPages, openLmdbLogReader } from './lmdb-log-reader.js';
import { openLmdbRoomLog } from './lmdb-room-log.js';
import type { RoomLog } from './room-log.js';

const scope = testScope();
const onLinux = process.platform === 'linux' ? test : test.skip;
const ALL = { messages: 0, ttlMs: 0 };
const MIB = 1024 * 1024;
const ROOMS = ['chat:a', 'chat:b', 'chat:c', 'chat:d'] as const;
const TEXT = 'x'.repeat(1_000);

async function openBoth() {
  const dir = await temporaryDir(scope);
  const log = scope.defer(await openLmdbRoomLog({ dir, commitTimeoutMs: PATIENCE_MS }), (opened) => opened.close());
  const pages = lmdbPages(dir);
  const releases: Promise<void>[] = [];
  const reader = scope.defer(
    openLmdbLogReader(dir, () => void releases.push(pages.release())),
    (opened) => opened.close(),
  );
  return { log, reader, released: () => Promise.all(releases.splice(0)), file: join(dir, 'log/data.mdb') };
}

/** Turn by turn into all rooms, so that each one's entries lie among those of others; ids are given on from the last call. */
async function write(log: RoomLog, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += 40) {
    const appends = ROOMS.flatMap((room) =>
      Array.from({ length: 40 }, (_, i) =>
        log.append({ room, id: `m${n + i}`, type: 'text', from: { id: 'ann', name: 'Ann' }, data: { text: `${n + i} ${TEXT}` } }, ALL),
      ),
    );
    await Promise.all(appends);
  }
}

/** Looks at each entry. Gives their numbers. */
async function readAll(reader: LmdbLogReader, room: (typeof ROOMS)[number]): Promise<number[]> {
  const read: number[] = [];
  for (;;) {
    const { entries } = await reader.read(room, { after: read.length, limit: 500, from: 'oldest' });
    if (entries.length === 0) return read;
    for (const { message } of entries) read.push(Number.parseInt((message.data as { text: string }).text, 10));
  }
}

/** Bytes of a file that are mapped into this process and there, as the system tells it. */
function residentBytes(file: string): number {
  const sections = readFileSync('/proc/self/smaps', 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  const own = sections.filter((section) => section.split('\n', 1)[0]!.endsWith(` ${file}`));
  return own.reduce((sum, section) => sum + Number(/^Rss:\s+(\d+) kB/m.exec(section)![1]) * 1024, 0);
}

onLinux('of a long history that was read few pages stay mapped, also when the file has grown since', async () => {
  const { log, reader, released, file } = await openBoth();
  const count = 3_000;
  for (const upTo of [count, 2 * count]) {
    await write(log, upTo - count, upTo);
    for (const room of ROOMS) expect(await readAll(reader, room)).toEqual(Array.from({ length: upTo }, (_, n) => n));
    await released();
    expect(statSync(file).size).toBeGreaterThan(upTo * ROOMS.length * TEXT.length);
    expect(residentBytes(file)).toBeLessThan(10 * MIB);
  }
});
