import type { Frame, MetricSnapshot } from '../../shared/protocol.js';
import type { RoomName } from '../../shared/rooms.js';
import type { MetricEvents, MetricRoom, Off, SeriesValue } from './api.js';
import { Emitter } from './emitter.js';
import { MetricSeries } from './metric-series.js';
import type { RoomSubscription } from './room.js';

const EMPTY: MetricSnapshot = { names: [], latest: { series: [], t: [], values: [] }, backfill: [] };

/** A metric room by series names: a snapshot with each subscription, then frames. */
export class MetricSubscription implements MetricRoom {
  readonly name: RoomName;
  readonly ready: Promise<void>;
  readonly #room: RoomSubscription;
  readonly #events = new Emitter<MetricEvents>();
  readonly #series = new MetricSeries();
  /** A frame had series without a name: one new subscription is asked to tell them. */
  #asked = false;

  /** @param room a subscription that starts anew each time */
  constructor(room: RoomSubscription) {
    this.name = room.name;
    this.#room = room;
    this.ready = room.ready.then(() => {});
    this.ready.catch(() => {});
    room.on('subscribed', ({ metrics = EMPTY }) => this.#events.emit('snapshot', this.#series.replace(metrics)));
    room.on('frame', (frame) => this.#frame(frame));
    room.on('presence', (change) => this.#events.emit('presence', change));
    room.on('error', (error) => this.#events.emit('error', error));
  }

  get latest(): ReadonlyMap<string, SeriesValue> {
    return this.#series.latest;
  }

  on<Event extends keyof MetricEvents>(event: Event, listener: MetricEvents[Event]): Off {
    return this.#events.on(event, listener);
  }

  leave(): void {
    this.#events.clear();
    this.#room.leave();
  }

  #frame(wire: Frame): void {
    const { frame, complete } = this.#series.apply(wire);
    if (frame.names.length > 0) this.#events.emit('frame', frame);
    if (!complete && !this.#asked) this.#room.resubscribe();
    this.#asked = !complete;
  }
}
