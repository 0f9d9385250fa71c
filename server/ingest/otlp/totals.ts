import { HubError } from '../../../shared/errors.js';
import type { Clock } from '../../observe/clock.js';

export interface DeltaTotalsOptions {
  readonly clock: Clock;
  /** Memory for all totals, and for those of one room, roughly. */
  readonly bytes?: number;
  readonly bytesPerRoom?: number;
  /** Time without a delta after which a total may be forgotten; its counter begins at zero again. */
  readonly idleMs?: number;
}

/** What happened to a series between two times. */
export interface Delta<Data> {
  readonly startNs: number;
  readonly timeNs: number;
  readonly data: Data;
}

interface Total {
  readonly room: string;
  readonly series: string;
  startNs: number;
  timeNs: number;
  data: unknown;
  usedAt: number;
  bytes: number;
}

interface RoomTotals {
  readonly series: Map<string, Total>;
  bytes: number;
}

const DEFAULTS = { bytes: 64 * 1024 * 1024, bytesPerRoom: 16 * 1024 * 1024, idleMs: 10 * 60_000 };
/** An entry of a map and of a set, and the object itself. */
const TOTAL_BYTES = 250;

/** How to add up one kind of data. */
export interface Adder<Data> {
  readonly add: (total: Data, delta: Data) => Data;
  /** Numbers that a total holds. */
  readonly size: (data: Data) => number;
}

/**
 * Running totals of what comes as deltas, in bounded memory: metric rooms hold counters that rise. A repeated delta counts once, one that
 * comes late counts in the total of the latest time.
 */
export class DeltaTotals {
  readonly #options: DeltaTotalsOptions & typeof DEFAULTS;
  readonly #rooms = new Map<string, RoomTotals>();
  /** Of all rooms: the one that was used last stands last. So those that are idle are found without a look at the others. */
  readonly #byUse = new Set<Total>();
  #bytes = 0;

  constructor(options: DeltaTotalsOptions) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /** Roughly what the totals take. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The total of a series with one more delta, and its time.
   * @throws HubError `too_large` when there is no room for another total: the delta was not counted
   */
  add<Data>(room: string, series: string, delta: Delta<Data>, { add, size }: Adder<Data>): Delta<Data> {
    const totals = this.#rooms.get(room) ?? { series: new Map<string, Total>(), bytes: 0 };
    const known = totals.series.get(series);
    const data = known ? (isRepeated(known, delta) ? (known.data as Data) : add(known.data as Data, delta.data)) : delta.data;
    const bytes = TOTAL_BYTES + 2 * series.length + 8 * size(data);
    if (!known) this.#admit(totals, bytes);
    const { startNs, timeNs } = known && known.timeNs > delta.timeNs ? known : delta;
    this.#rooms.set(room, totals);
    this.#put(totals, known, { room, series, startNs, timeNs, data, usedAt: this.#options.clock.now(), bytes });
    return { startNs, timeNs, data };
  }

  #put(totals: RoomTotals, known: Total | undefined, total: Total): void {
    const more = total.bytes - (known?.bytes ?? 0);
    if (known) this.#byUse.delete(known);
    this.#byUse.add(total);
    totals.series.set(total.series, total);
    totals.bytes += more;
    this.#bytes += more;
  }

  #admit(totals: RoomTotals, bytes: number): void {
    const { bytes: all, bytesPerRoom } = this.#options;
    const full = () => totals.bytes + bytes > bytesPerRoom || this.#bytes + bytes > all;
    if (full()) this.#forgetIdle();
    if (full()) throw new HubError('too_large', 'as many series come as deltas as running totals are kept for');
  }

  #forgetIdle(): void {
    const { clock, idleMs } = this.#options;
    for (const total of this.#byUse) {
      if (clock.now() - total.usedAt < idleMs) return;
      this.#byUse.delete(total);
      this.#bytes -= total.bytes;
      const totals = this.#rooms.get(total.room);
      totals?.series.delete(total.series);
      if (totals) totals.bytes -= total.bytes;
      if (totals?.series.size === 0) this.#rooms.delete(total.room);
    }
  }
}

const isRepeated = (last: Total, { startNs, timeNs }: Delta<unknown>): boolean => last.startNs === startNs && last.timeNs === timeNs;
