import { HubError } from '../../shared/errors.js';
import { LIMITS } from '../../shared/limits.js';
import type { ParsedRoom, RoomName } from '../../shared/rooms.js';
import type { Outbox } from '../ingest/outbox.js';
import type { SampleIntake, SampleSink } from '../ingest/sinks.js';
import type { Clock } from '../observe/clock.js';
import { ActiveSeries } from './active-series.js';
import { SAMPLES, toColumns } from './sample-columns.js';
import { SampleWindow } from './sample-window.js';

export interface SampleCoalescerOptions {
  /** Keeps what the store does not take at once for the next interval. */
  readonly outbox: Outbox;
  readonly clock: Clock;
  /** Series that one sender may have in one room within the last `seriesIdleMs`; 0: no limit. */
  readonly seriesPerSender?: number;
  readonly seriesTotal?: number;
  readonly roomsTotal?: number;
  /** Time without a sample after which a series no longer counts. */
  readonly seriesIdleMs?: number;
  /** Values after which a room's samples go out before their interval ends. */
  readonly windowPoints?: number;
  readonly messageBytes?: number;
  /** Values that were accepted and then not stored. */
  readonly onLost?: (room: RoomName, values: number, error: unknown) => void;
}

/** One room's series by sender. */
type Senders = Map<string, ActiveSeries>;

interface RoomState {
  readonly room: RoomName;
  readonly intervalMs: number;
  readonly senders: Senders;
  window: SampleWindow<string> | undefined;
  disarm: () => void;
  usedAt: number;
}

const DEFAULTS = {
  seriesPerSender: LIMITS.seriesPerSender as number,
  seriesTotal: 500_000,
  roomsTotal: 10_000,
  seriesIdleMs: 10 * 60_000,
  windowPoints: 100_000,
  messageBytes: 128 * 1024,
};
const SWEEP_MS = 60_000;

/** Gathers the samples of each metric room for its kind's `frameIntervalMs`, and publishes them as one `samples` message. */
export class SampleCoalescer implements SampleSink {
  readonly #options: SampleCoalescerOptions & typeof DEFAULTS;
  readonly #rooms = new Map<RoomName, RoomState>();
  #series = 0;
  #sweptAt: number;

  constructor(options: SampleCoalescerOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#sweptAt = options.clock.now();
  }

  intake(parsed: ParsedRoom, sender = ''): SampleIntake {
    if (this.#options.outbox.full(parsed.room)) throw new HubError('busy', 'samples of the room wait for the store', 1_000);
    const state = this.#stateOf(parsed);
    const known = state.senders.get(sender) ?? new ActiveSeries(state.usedAt);
    return {
      add: (series, value, t) => {
        if (!known.has(series) && !this.#introduce(state, sender, known, series)) return false;
        this.#add(state, series, value, t);
        return true;
      },
      end: (series) => {
        if (known.delete(series)) this.#series--;
      },
    };
  }

  /** Publishes what is gathered, and resolves when it is stored or given up. */
  async flush(): Promise<void> {
    for (const state of this.#rooms.values()) this.#flush(state);
    await this.#options.outbox.idle();
  }

  #introduce({ senders }: RoomState, sender: string, known: ActiveSeries, series: string): boolean {
    const { seriesPerSender, seriesTotal } = this.#options;
    if ((seriesPerSender > 0 && known.size >= seriesPerSender) || this.#series >= seriesTotal) return false;
    senders.set(sender, known);
    known.add(series);
    this.#series++;
    return true;
  }

  #add(state: RoomState, series: string, value: number, t: number): void {
    if (!state.window) {
      state.window = new SampleWindow(state.intervalMs);
      state.disarm = this.#options.clock.after(state.intervalMs, () => this.#flush(state));
    }
    state.window.add(series, value, t);
    if (state.window.points >= this.#options.windowPoints) this.#flush(state);
  }

  #flush(state: RoomState): void {
    const { window, room } = state;
    if (!window) return;
    state.disarm();
    state.window = undefined;
    const { outbox, messageBytes, onLost } = this.#options;
    for (const { columns, bytes } of window.rows().flatMap((row) => toColumns(row, messageBytes))) {
      outbox.push(room, SAMPLES, columns, bytes).catch((error) => onLost?.(room, columns.values.length, error));
    }
  }

  #stateOf({ room, policy }: ParsedRoom): RoomState {
    const now = this.#options.clock.now();
    if (now - this.#sweptAt >= SWEEP_MS) this.#sweep(now);
    let state = this.#rooms.get(room);
    if (!state) {
      if (this.#rooms.size >= this.#options.roomsTotal) throw new HubError('busy', 'samples go into as many rooms as they may', SWEEP_MS);
      state = { room, intervalMs: policy.frameIntervalMs, senders: new Map(), window: undefined, disarm: () => {}, usedAt: now };
      this.#rooms.set(room, state);
    }
    state.usedAt = now;
    this.#age(state, now);
    return state;
  }

  #age({ senders }: RoomState, now: number): void {
    for (const [sender, series] of senders) {
      const before = series.size;
      series.age(now, this.#options.seriesIdleMs);
      this.#series -= before - series.size;
      if (series.size === 0) senders.delete(sender);
    }
  }

  /** Forgets rooms and series without samples; done on the way in, so that a quiet hub has no timer. */
  #sweep(now: number): void {
    this.#sweptAt = now;
    for (const state of this.#rooms.values()) {
      this.#age(state, now);
      if (!state.window && now - state.usedAt >= this.#options.seriesIdleMs) {
        for (const { size } of state.senders.values()) this.#series -= size;
        this.#rooms.delete(state.room);
      }
    }
  }
}
