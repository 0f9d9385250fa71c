import type { Position } from '../../shared/position.js';
import type { LineBatch } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { LineFilter } from '../../shared/schemas.js';
import type { LogEvents, LogOptions, LogRoom, Off } from './api.js';
import { Emitter } from './emitter.js';
import type { RoomSubscription } from './room.js';
import type { SessionWish } from './room-session.js';

/** Opens a subscription, in the place of another one where it is given. */
export type OpenLines = (wish: SessionWish, since?: Position, instead?: RoomSubscription) => RoomSubscription;

const LAST_LINES = 200;

/** A log room through a filter that can be changed: one subscription after the other. */
export class LogSubscription implements LogRoom {
  readonly ready: Promise<void>;
  readonly #events = new Emitter<LogEvents>();
  #room: RoomSubscription;
  #filter: LineFilter;

  constructor(
    readonly name: RoomName,
    private readonly options: LogOptions,
    private readonly open: OpenLines,
  ) {
    this.#filter = options.filter ?? {};
    this.#room = this.open(this.#wish(), options.since);
    this.#listen(this.#room);
    this.ready = this.#room.ready.then(() => {});
    this.ready.catch(() => {});
  }

  get filter(): LineFilter {
    return this.#filter;
  }

  get position(): Position | undefined {
    return this.#room.position;
  }

  on<Event extends keyof LogEvents>(event: Event, listener: LogEvents[Event]): Off {
    return this.#events.on(event, listener);
  }

  setFilter(filter: LineFilter): void {
    const before = this.#room;
    this.#filter = filter;
    this.#room = this.open(this.#wish(), undefined, before);
    const off = this.#room.on('subscribed', () => {
      off();
      this.#events.emit('filtered', filter);
    });
    this.#listen(this.#room);
    // Behind the new one, so that the room stays on the wire.
    before.leave();
  }

  leave(): void {
    this.#events.clear();
    this.#room.leave();
  }

  #wish(): SessionWish {
    const { last = LAST_LINES, skip } = this.options;
    return { room: this.name, last, view: { filter: this.#filter, ...(skip !== undefined && { skip }) } };
  }

  #listen(room: RoomSubscription): void {
    room.on('lines', (batch) => this.#lines(batch));
    room.on('gap', (gap) => this.#events.emit('gap', gap));
    room.on('recovered', (recovery) => this.#events.emit('recovered', recovery));
    room.on('presence', (change) => this.#events.emit('presence', change));
    room.on('error', (error) => this.#events.emit('error', error));
  }

  /** Batches that only tell the position have no lines. */
  #lines({ lines, skipped = 0, position }: LineBatch): void {
    if (lines.length > 0 || skipped > 0) this.#events.emit('lines', { lines, skipped, position });
  }
}
