import type { Frame } from '../../shared/protocol.js';
import type { Clock } from '../observe/clock.js';
import { agesOf } from './sample-columns.js';
import { SampleWindow } from './sample-window.js';

/** Frames per second that viewers can have: a wish gets the next one below it, so that many wishes share few groups. */
const RATES_HZ = [20, 10, 5, 4, 3, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01] as const;
const SLOWEST_HZ = 0.01;

export function rateFor(maxHz: number): number {
  return RATES_HZ.find((hz) => hz <= maxHz) ?? SLOWEST_HZ;
}

/** Viewers of one room who take fewer frames than it makes: they get the latest of each series of their own interval. */
export class RateGroup {
  readonly #intervalMs: number;
  #window: SampleWindow<number>;
  #names: Record<number, string> | undefined;
  #position: Frame['position'];
  #sentAt = Number.NEGATIVE_INFINITY;
  #disarm: (() => void) | undefined;

  constructor(
    hz: number,
    private readonly clock: Clock,
    private readonly emit: (frame: Omit<Frame, 'room'>) => void,
  ) {
    this.#intervalMs = 1_000 / hz;
    this.#window = new SampleWindow(this.#intervalMs);
  }

  /** Whether it has something that was not sent yet. */
  get waits(): boolean {
    return this.#disarm !== undefined;
  }

  /** Sends what waits before its time. */
  settle(): void {
    this.#disarm?.();
    if (this.#disarm) this.#send();
  }

  /** Takes one frame of the full rate in; it goes out at once where the interval since the last has passed. */
  add({ t, series, values, ago, names, position }: Omit<Frame, 'room'>): void {
    series.forEach((number, i) => {
      this.#window.add(number, values[i] ?? 0, t - (ago?.[i] ?? 0));
    });
    if (names) this.#names = { ...this.#names, ...names };
    this.#position = position;
    if (this.#disarm) return;
    const dueMs = this.#sentAt + this.#intervalMs - this.clock.now();
    if (dueMs <= 0) this.#send();
    else this.#disarm = this.clock.after(dueMs, () => this.#send());
  }

  close(): void {
    this.#disarm?.();
  }

  #send(): void {
    const rows = this.#window.rows();
    const names = this.#names;
    this.#disarm = undefined;
    this.#names = undefined;
    this.#window = new SampleWindow(this.#intervalMs);
    this.#sentAt = this.clock.now();
    rows.forEach(({ t, keys, values, times }, i) => {
      const frame: Omit<Frame, 'room'> = { t, series: keys, values };
      const ago = agesOf({ t, times });
      if (ago) frame.ago = ago;
      // Whoever stands at a position takes nothing of it again: rows before the last are not all that there is up to it.
      if (this.#position && i === rows.length - 1) frame.position = this.#position;
      if (names && i === 0) frame.names = names;
      this.emit(frame);
    });
  }
}
