import { type PositionParts, parsePosition } from '../../shared/position.js';
import type { RoomName } from '../../shared/rooms.js';
import type { RoomLog } from '../log/room-log.js';
import { stepFor } from './past-buckets.js';
import { type Rollups, readStored } from './range-source.js';
import type { Cells } from './rollups/rollup-cell.js';
import { AHEAD_MS } from './rollups/rollup-tail.js';

/** What roll-ups say of a room's last minutes. */
export interface RoomPast {
  /** Position in the room's log up to which they have its samples. */
  readonly upTo: PositionParts;
  readonly series: ReadonlyMap<string, Cells>;
}

export interface RoomPastQuery {
  readonly log: Pick<RoomLog, 'read'>;
  readonly rollups: Rollups;
  readonly room: RoomName;
  readonly now: number;
  readonly ageMs: number;
  /** Series at most, the first by name; and buckets of all of them, about. */
  readonly series: number;
  readonly cells: number;
}

/** Messages after the roll-ups that a reader takes from the log itself; more are rolled up first. */
const TAIL_MESSAGES = 100;
const TRIES = 5;

/**
 * The last minutes of a room up to a position that is near its log's end. Undefined where there are no roll-ups of it, or they change too fast
 * to be read: then the log has to do.
 * @throws HubError as the log and the store
 */
export async function readPast(query: RoomPastQuery): Promise<RoomPast | undefined> {
  const { rollups, room, now, ageMs } = query;
  for (let tries = 0; tries < TRIES; tries++) {
    const mark = await nearMark(query);
    if (mark === undefined) return undefined;
    const from = now - ageMs;
    const names = (await rollups.store.series(room, from)).sort().slice(0, query.series);
    const wanted = stepFor(names.length, query);
    const level = rollups.levels.find(({ stepMs }) => stepMs >= wanted) ?? rollups.levels.at(-1);
    if (!level || level.ttlMs < ageMs) return undefined;
    const series = new Map<string, Cells>();
    const range = { room, rollups, level, from, until: now + AHEAD_MS };
    if (await readStored(range, mark, names, (name, cells) => series.set(name, cells))) return { upTo: parsePosition(mark), series };
  }
  return undefined;
}

/** The roll-ups' mark, once there is not much after it. */
async function nearMark({ log, rollups, room }: RoomPastQuery): Promise<string | undefined> {
  const [mark, { epoch, last }] = await Promise.all([rollups.store.mark(room), log.read(room, { limit: 1, from: 'newest' })]);
  if (last === 0 || isNear(mark, { epoch, seq: last })) return mark;
  await rollups.catchUp(room);
  return rollups.store.mark(room);
}

function isNear(mark: string | undefined, end: PositionParts): boolean {
  if (mark === undefined) return false;
  const { epoch, seq } = parsePosition(mark);
  return epoch === end.epoch && end.seq - seq <= TAIL_MESSAGES;
}
