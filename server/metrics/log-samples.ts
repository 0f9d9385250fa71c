import { setImmediate as turn } from 'node:timers/promises';
import { HubError } from '../../shared/errors.js';
import { BOUNDS } from '../../shared/limits.js';
import type { SampleColumns } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { LogPage, RoomLog } from '../log/room-log.js';
import { columnsOf } from './sample-columns.js';

export interface LogSamplesQuery {
  readonly log: Pick<RoomLog, 'read'>;
  readonly room: RoomName;
  /** Messages stored before this time are left unread. */
  readonly since: number;
  /** Values read at most; a message counts as one at least. */
  readonly maxValues: number;
}

/**
 * A room's samples from the newest message back, page by page; the values of one page come newest message first.
 * @throws HubError `too_large` when more values lie in the time than may be read, else as `RoomLog.read`
 */
export async function* samplesBackwards({ log, room, since, maxValues }: LogSamplesQuery): AsyncGenerator<SampleColumns[]> {
  let before: number | undefined;
  let epoch: string | undefined;
  for (let read = 0; ; ) {
    const range = { limit: BOUNDS.pageMessages, from: 'newest' as const };
    const page: LogPage = await log.read(room, before === undefined ? range : { ...range, before });
    epoch ??= page.epoch;
    const oldest = page.entries[0];
    if (!oldest || page.epoch !== epoch) return;
    const columns = page.entries.filter(({ message }) => message.time >= since).flatMap(({ message }) => columnsOf(message) ?? []);
    yield columns.reverse();
    if (oldest.message.time < since || oldest.seq <= page.first) return;
    read += columns.reduce((values, { names }) => values + names.length, page.entries.length);
    if (read >= maxValues) throw new HubError('too_large', `the range has more than ${maxValues} values`);
    await turn();
    before = oldest.seq;
  }
}
