import type { Frame, SampleColumns, SubscribeAnswer } from '../../shared/protocol.js';
import type { LogEntry } from '../log/room-log.js';
import type { Clock } from '../observe/clock.js';
import type { OpenView, RoomView, ViewHost } from '../rooms/room-view.js';
import { MetricHistory } from './metric-history.js';
import { RateGroup, rateFor } from './rate-group.js';
import { columnsOf } from './sample-columns.js';
import { SeriesDictionary } from './series-dictionary.js';

export interface MetricViewOptions {
  readonly clock: Clock;
  /** The kind's interval: wishes for as many frames or more are the full rate. */
  readonly frameIntervalMs: number;
  /** How far back a newcomer sees. */
  readonly backlogMs?: number;
  readonly backlogMessages?: number;
  /** Values of one series that a newcomer's picture has at most, and of all series together. */
  readonly backfillPointsPerSeries?: number;
  readonly backfillPoints?: number;
  /** Series that one room shows at a time; further ones stay in the log only. */
  readonly series?: number;
  /** Series left out for that reason, each time one has a value. */
  readonly onSeriesLeftOut?: (room: string, values: number) => void;
}

const DEFAULTS = { backlogMs: 5 * 60_000, backlogMessages: 1_500, backfillPointsPerSeries: 600, backfillPoints: 40_000, series: 20_000 };
type Settings = MetricViewOptions & typeof DEFAULTS;

/** Values kept in memory per room for newcomers. */
const KEPT_POINTS = 400_000;
/** Characters of all series names of a room. */
const NAME_CHARS = 4 * 1024 * 1024;
const FULL_RATE = '';

/** How metric rooms are seen: as frames of numbered series, at each viewer's own rate, with a picture of the last minutes to begin with. */
export function createMetricView(options: MetricViewOptions): OpenView {
  const settings = { ...DEFAULTS, ...options };
  return {
    backlog: { messages: settings.backlogMessages, ageMs: settings.backlogMs },
    open(host, recent) {
      const view = new MetricRoomView(host, settings);
      for (const entry of recent) view.learn(entry);
      return view;
    },
  };
}

class MetricRoomView implements RoomView {
  readonly #dictionary: SeriesDictionary;
  readonly #history: MetricHistory;
  readonly #groups = new Map<string, RateGroup>();

  constructor(
    private readonly host: ViewHost,
    private readonly settings: Settings,
  ) {
    const { backlogMs, series } = settings;
    // A number is free for another series only when the history has none of its rows any more.
    const idleMs = 2 * backlogMs;
    this.#history = new MetricHistory({ ...settings, ageMs: backlogMs, points: KEPT_POINTS });
    this.#dictionary = new SeriesDictionary({ series, chars: NAME_CHARS, idleMs, onForget: (number) => this.#history.forget(number) });
  }

  entry(entry: LogEntry): void {
    const frame = this.learn(entry);
    if (!frame) return;
    this.host.emit(FULL_RATE, 'frame', { room: this.host.room, ...frame });
    for (const group of this.#groups.values()) group.add(frame);
  }

  /** Takes a message's samples in and gives them in numbers; undefined when it carries none. */
  learn({ message }: LogEntry): Omit<Frame, 'room'> | undefined {
    const columns = columnsOf(message);
    if (!columns) return undefined;
    const frame = this.#number(columns, message.time);
    if (frame.series.length === 0) return undefined;
    this.#history.add(frame, message.time);
    frame.position = message.position;
    return frame;
  }

  attach({ maxHz }: { maxHz?: number }): { group: string; answer: Pick<SubscribeAnswer, 'metrics'> } {
    const group = this.#join(maxHz);
    const backfill = this.#history.backfill(this.settings.clock.now());
    return { group, answer: { metrics: { names: [...this.#dictionary.names], latest: this.#history.latest(), backfill } } };
  }

  detach(name: string): void {
    const group = this.#groups.get(name);
    if (!group || --group.members > 0) return;
    group.close();
    this.#groups.delete(name);
  }

  close(): void {
    for (const group of this.#groups.values()) group.close();
    this.#groups.clear();
  }

  #join(maxHz: number | undefined): string {
    if (maxHz === undefined || maxHz >= 1_000 / this.settings.frameIntervalMs) return FULL_RATE;
    const hz = rateFor(maxHz);
    const name = `@${hz}`;
    let group = this.#groups.get(name);
    if (!group) {
      group = new RateGroup(hz, this.settings.clock, (frame) => this.host.emit(name, 'frame', { room: this.host.room, ...frame }));
      this.#groups.set(name, group);
    }
    group.members++;
    return name;
  }

  #number({ t, names, values, ago }: SampleColumns, now: number): Omit<Frame, 'room'> {
    const frame: Omit<Frame, 'room'> = ago ? { t, series: [], values: [], ago: [] } : { t, series: [], values: [] };
    let leftOut = 0;
    names.forEach((name, i) => {
      let number = this.#dictionary.known(name, now);
      if (number === undefined) {
        number = this.#dictionary.introduce(name, now);
        if (number === undefined) {
          leftOut++;
          return;
        }
        frame.names ??= {};
        frame.names[number] = name;
      }
      frame.series.push(number);
      frame.values.push(values[i] ?? 0);
      frame.ago?.push(ago?.[i] ?? 0);
    });
    if (leftOut > 0) this.settings.onSeriesLeftOut?.(this.host.room, leftOut);
    return frame;
  }
}
