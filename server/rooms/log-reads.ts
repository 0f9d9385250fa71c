import type { RoomName } from '../../shared/rooms.js';
import type { LogPage, LogRange, RoomLog } from '../log/room-log.js';

/** Reads of the log in which concurrent askers of one range share one read: a thousand returning readers cost one. */
export class LogReads {
  readonly #inFlight = new Map<string, Promise<LogPage>>();

  constructor(private readonly log: RoomLog) {}

  read(room: RoomName, range: LogRange): Promise<LogPage> {
    const key = `${room} ${range.after ?? ''} ${range.before ?? ''} ${range.limit} ${range.from}`;
    const known = this.#inFlight.get(key);
    if (known) return known;
    const read = this.log.read(room, range).finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, read);
    return read;
  }
}
