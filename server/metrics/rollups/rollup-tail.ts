import { setImmediate as turn } from 'node:timers/promises';
import { BOUNDS } from '../../../shared/limits.js';
import { formatPosition, parsePosition } from '../../../shared/position.js';
import type { RoomName } from '../../../shared/rooms.js';
import type { LogEntry, RoomLog } from '../../log/room-log.js';
import { columnsOf, eachSample } from '../sample-columns.js';
import { addSample, type Cells } from './rollup-cell.js';

/** Milliseconds by which a sample's time may be later than the time it was stored at; what is further ahead is in no history. */
export const AHEAD_MS = 60_000;

export interface TailQuery {
  readonly log: Pick<RoomLog, 'read'>;
  readonly room: RoomName;
  /** Position up to which the entries are left unread; undefined: read from the oldest on. */
  readonly mark: string | undefined;
  /** Milliseconds of the buckets that the samples are put into. */
  readonly stepMs: number;
  readonly wants: (series: string, t: number) => boolean;
  /** Values after which it stops; a message counts as one at least. */
  readonly maxValues: number;
}

export interface Tail {
  readonly series: Map<string, Cells>;
  /** Position of the last entry read; undefined: there was none. */
  readonly to: string | undefined;
  /** It stopped at `maxValues`. */
  readonly more: boolean;
}

/**
 * The samples that a room's log has after a mark, in buckets. A mark of another epoch is one of entries that are lost: all there are follow it.
 * @throws HubError as `RoomLog.read`
 */
export async function readTail({ log, room, mark, stepMs, wants, maxValues }: TailQuery): Promise<Tail> {
  const series = new Map<string, Cells>();
  let at = mark === undefined ? undefined : parsePosition(mark);
  let to: string | undefined;
  for (let read = 0; read < maxValues; ) {
    const page = await log.read(room, { after: at?.seq ?? 0, limit: BOUNDS.pageMessages, from: 'oldest' });
    if (at && at.epoch !== page.epoch) {
      if (to !== undefined) return { series, to, more: true };
      at = { epoch: page.epoch, seq: 0 };
      continue;
    }
    const last = page.entries.at(-1);
    if (!last) return { series, to, more: false };
    for (const entry of page.entries) read += 1 + addEntry(series, entry, stepMs, wants);
    at = { epoch: page.epoch, seq: last.seq };
    to = formatPosition(page.epoch, last.seq);
    if (last.seq >= page.last) return { series, to, more: false };
    await turn();
  }
  return { series, to, more: true };
}

function addEntry(series: Map<string, Cells>, { message }: LogEntry, stepMs: number, wants: TailQuery['wants']): number {
  const columns = columnsOf(message);
  if (!columns) return 0;
  eachSample(columns, (name, value, t) => {
    if (t > message.time + AHEAD_MS || !wants(name, t)) return;
    let cells = series.get(name);
    if (!cells) {
      cells = new Map();
      series.set(name, cells);
    }
    addSample(cells, stepMs, value, t);
  });
  return columns.names.length;
}
