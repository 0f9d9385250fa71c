import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Job } from '../../server/jobs/job-machine.js';
import { openLmdbJobJournal } from '../../server/jobs/lmdb-job-journal.js';
import { DiskSpace } from '../../server/log/disk-space.js';
import { openLmdbRoomLog } from '../../server/log/lmdb-room-log.js';
import { openLmdbRollupStore } from '../../server/metrics/rollups/lmdb-rollup-store.js';
import { rollupLevels } from '../../server/metrics/rollups/rollup-levels.js';
import type { RollupCommit } from '../../server/metrics/rollups/rollup-store.js';
import { openLmdbSessionStore } from '../../server/recovery/lmdb-session-store.js';
import { waitFor } from './wait.js';

/**
 * A program that has the stores of an embedded hub on one small disk (its first argument) and fills it with all of them at once. It says what it has seen,
 * and goes on with a line for each:
 * - `filled`: each store has refused something;
 * - `left alone`: the disk was full then, to the last byte, and none of them wrote to it, to delete something either;
 * - `whole`: each has taken something again, has deleted what was due, and holds everything else that it ever took.
 * It fails when it sees anything else.
 */
const dir = process.argv[2]!;
const ROOM = 'metrics:web-1';
const HOUR_MS = 3_600_000;

const disk = new DiskSpace({ dir, reserveBytes: 2 ** 30, lookMs: 20 });
let passedMs = 0;
const now = () => Date.now() + passedMs;
const log = await openLmdbRoomLog({ dir: join(dir, 'rooms'), disk, maintenanceMs: 20, recentIds: 500, now });
const journal = openLmdbJobJournal(join(dir, 'jobs'), disk);
const rollups = openLmdbRollupStore({ dir: join(dir, 'rollups'), disk, levels: rollupLevels([HOUR_MS, HOUR_MS, HOUR_MS]) });
const sessions = openLmdbSessionStore({ dir: join(dir, 'sessions'), disk });
const text = 'x'.repeat(2_000);

/** One that fills a store with thing after thing; `taken` are those that it has. */
interface Filler {
  taken: number;
  add(n: number): Promise<unknown>;
  held(): Promise<number>;
}

const ofRooms: Filler = {
  taken: 0,
  add: (n) => log.append({ room: `chat:r${n % 50}`, id: `m${n}`, type: 'text', from: { id: 'u', name: 'u' }, data: text }, KEEP_ALL),
  held: async () => {
    const rooms = await log.rooms({ prefix: 'chat:', limit: 100 });
    return rooms.reduce((sum, { last }) => sum + last, 0);
  },
};
const KEEP_ALL = { messages: 0, ttlMs: 0 };

const ofJobs: Filler = {
  taken: 0,
  add: (n) => journal.put({ state: { jobId: `j${n}` }, input: text } as unknown as Job),
  held: async () => journal.load().length,
};

const ofRollups: Filler = {
  taken: 0,
  add: async (n) => {
    const from = await rollups.mark(ROOM);
    const chunk = { stepMs: 1_000, start: Date.now() + n * 1_000, series: 's', bytes: Buffer.from(text) };
    await rollups.commit(ROOM, { from, to: `${n + 1}`, chunks: [chunk], names: [] } as unknown as RollupCommit);
  },
  held: async () => Number(await rollups.mark(ROOM)),
};

const ofSessions: Filler = {
  taken: 0,
  add: (n) => sessions.open(`p${n}`, 'one', { user: 'ada', text }, HOUR_MS),
  held: async () => {
    const found = await Promise.all(Array.from({ length: ofSessions.taken }, (_, n) => sessions.take(`p${n}`, 'two', 'ada', HOUR_MS)));
    return found.filter((one) => one === text).length;
  },
};

const fillers = [ofRooms, ofJobs, ofRollups, ofSessions];

/** Whether it was taken; what fails otherwise than by a refusal that came before the write ends this program. */
async function tryOne(filler: Filler): Promise<boolean> {
  try {
    await filler.add(filler.taken);
  } catch (error) {
    const { code, cause } = error as { code?: string; cause?: unknown };
    if (code === 'storage_full' && cause === undefined) return false;
    throw error;
  }
  filler.taken++;
  return true;
}

/** The same of something else that was refused. */
async function isRefused(write: () => Promise<unknown>): Promise<boolean> {
  return write().then(
    () => false,
    ({ code, cause }) => code === 'storage_full' && cause === undefined,
  );
}

async function fill(filler: Filler): Promise<void> {
  while (await tryOne(filler));
}

async function say(what: string): Promise<void> {
  console.log(what);
  await once(process.stdin, 'data');
}

const from = { id: 'u', name: 'u' };
await log.append({ room: 'job:old', id: 'old', type: 'text', from, data: text }, { messages: 0, ttlMs: HOUR_MS });
await Promise.all(fillers.map(fill));
// For long enough: the timers of the stores and the disk run meanwhile.
for (let again = 0; again < 100; again++) await Promise.all(fillers.map(tryOne));
await say('filled');

await waitFor(async () => (await isRefused(() => journal.remove('none'))) && isRefused(() => sessions.remove('none', 'one')));
passedMs = 1.5 * HOUR_MS;
for (let again = 0; again < 100; again++) {
  await delay(1);
  if ((await Promise.all(fillers.map(tryOne))).includes(true)) throw new Error('a full disk took something');
}
if ((await log.ends('job:old')).first !== 1) throw new Error('a full disk was written to');
await say('left alone');

for (const filler of fillers) await waitFor(() => tryOne(filler));
await waitFor(async () => (await log.ends('job:old')).first === 2);
for (const filler of fillers) {
  const held = await filler.held();
  if (held !== filler.taken || held < 50) throw new Error(`${filler.taken} were taken, ${held} are there`);
}
disk.close();
await Promise.all([log.close(), journal.close(), rollups.close(), sessions.close()]);
console.log('whole');
process.stdin.destroy();
