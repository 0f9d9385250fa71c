import { encodeFrame } from '../../shared/frame-codec.js';
import type { MetricSnapshot } from '../../shared/protocol.js';
import type { Clock } from '../observe/clock.js';
import type { ViewHost } from '../rooms/room-view.js';
import type { BareFrame, FrameLens } from './frame-lens.js';
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
}

const BYTES = '.bytes';

/** One way in which viewers see a room; all of them get the same frames, each put together and encoded once. */
export class SharedView {
  /** Viewers, by the group that they are in. */
  readonly #members = new Map<string, number>();
  readonly #rate: RateGroup | undefined;

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

  add(frame: BareFrame): void {
    const { lens } = this.options;
    if (!this.#rate) this.#show(frame);
    else {
      const picked = lens ? lens.pick(frame) : frame;
      if (picked) this.#rate.add(picked);
    }
  }

  /** What a newcomer gets, out of what the room has. */
  snapshot(room: MetricSnapshot): MetricSnapshot {
    const { lens, clock } = this.options;
    return lens ? lens.snapshot(room, clock.now()) : room;
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
