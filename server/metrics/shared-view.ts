import { encodeFrame } from '../../shared/frame-codec.js';
import type { MetricSnapshot } from '../../shared/protocol.js';
import type { Clock } from '../observe/clock.js';
import type { ViewHost } from '../rooms/room-view.js';
import type { Backfills, PastWish, Shown } from './backfills.js';
import type { BareFrame, FrameLens } from './frame-lens.js';
import type { MetricHistory } from './metric-history.js';
import { RateGroup } from './rate-group.js';

export interface SharedViewOptions {
  /** Names its groups among those of the room: the name itself for JSON, with an end of its own for bytes. */
  readonly name: string;
  readonly host: ViewHost;
  readonly clock: Clock;
  /** Left out: each frame of the room. */
  readonly hz?: number | undefined;
  /** Left out: every series as it is, in the room's numbers. */
  readonly lens?: FrameLens | undefined;
  readonly room: ViewedRoom;
}

/** What a view's newcomers are shown of their room. */
export interface ViewedRoom {
  /** By number. */
  readonly names: readonly string[];
  readonly history: MetricHistory;
  readonly backfills: Backfills;
}

const BYTES = '.bytes';

/** One way in which viewers see a room; all of them get the same frames, each put together and encoded once. */
export class SharedView {
  /** Viewers, by the group that they are in. */
  readonly #members = new Map<string, number>();
  readonly #rate: RateGroup | undefined;
  /** The history's last row whose values its viewers have, while others wait for their interval's end. */
  #shownUpTo = 0;

  constructor(private readonly options: SharedViewOptions) {
    const { hz, clock } = options;
    this.#rate = hz === undefined ? undefined : new RateGroup(hz, clock, (frame) => this.#show(frame));
  }

  /** The viewer's group. */
  enter(binary: boolean): string {
    const group = binary ? this.options.name + BYTES : this.options.name;
    this.#members.set(group, (this.#members.get(group) ?? 0) + 1);
    return group;
  }

  /** False: nobody is in it any more. */
  leave(group: string): boolean {
    const left = (this.#members.get(group) ?? 1) - 1;
    if (left > 0) this.#members.set(group, left);
    else this.#members.delete(group);
    return this.#members.size > 0;
  }

  /** Takes the frame in that the history's newest row was made of. */
  add(frame: BareFrame): void {
    const { lens, room } = this.options;
    const picked = this.#rate && lens ? lens.pick(frame) : frame;
    if (!this.#rate || !picked) {
      if (picked) this.#show(picked);
      return;
    }
    if (!this.#rate.waits) this.#shownUpTo = room.history.count - 1;
    this.#rate.add(picked);
  }

  /**
   * What a newcomer gets, to be followed by the view's next frames. The backfill ends where these begin: values that wait for their interval's end
   * come with its frame, and are in no backfill.
   */
  snapshot(wish: PastWish): MetricSnapshot {
    const { name: view, lens, clock, room } = this.options;
    const { history, backfills } = room;
    const now = clock.now();
    // Buckets cannot be had without what waits: the values go out a little early, once in the time that they take to age.
    if (this.#rate?.waits && this.#shownUpTo < history.inBuckets) this.#rate.settle();
    const upTo = this.#rate?.waits ? this.#shownUpTo : history.count;
    const shows = (source: number): Shown | undefined => (lens ? lens.shows(source, now) : { number: source, rate: false });
    const backfill = backfills.rows({ view, upTo, shows }, wish, now);
    const latest = lens ? lens.latest(history.latest(), now) : history.latest();
    return { names: [...(lens?.shownNames ?? room.names)], latest, backfill };
  }

  close(): void {
    this.#rate?.close();
  }

  #show(seen: BareFrame): void {
    const { lens, host, name, clock } = this.options;
    const bare = lens ? lens.frame(seen, clock.now()) : seen;
    if (!bare) return;
    const frame = { room: host.room, ...bare };
    if (this.#members.has(name)) host.emit(name, 'frame', frame);
    if (this.#members.has(name + BYTES)) host.emit(name + BYTES, 'frame:bytes', encodeFrame(frame));
  }
}

/** The view that a group belongs to. */
export const viewOfGroup = (group: string): string => (group.endsWith(BYTES) ? group.slice(0, -BYTES.length) : group);
