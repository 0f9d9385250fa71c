import type { RoomName } from '../../../shared/rooms.js';
import type { HttpApi, MetricRange } from '../http-api.js';
import { between } from './align.js';
import { NO_POINTS, type Points } from './series-buffer.js';
import { stepFor, type TimeRange } from './time-view.js';

/** Patterns that one query of the hub may have. */
const QUERY_PATTERNS = 20;

/** Series whose past is wanted; of a counter the last value of each step counts, of anything else the average. */
export interface Wanted {
  readonly series: string;
  readonly counter: boolean;
}

/** The past of a room's series as the hub gave it: one stretch of time, in steps. */
export class RangeHistory {
  readonly #series = new Map<string, Points>();
  #stepMs = 0;

  constructor(
    private readonly range: TimeRange = { from: 0, to: 0 },
    private readonly wanted: readonly Wanted[] = [],
  ) {}

  /** @param at where in a step its value stands: 0.5 for an average, 1 for the last value */
  add({ from, stepMs, series }: MetricRange, at: number): void {
    this.#stepMs = stepMs;
    for (const { name, values } of series) {
      const t: number[] = [];
      const v: number[] = [];
      values.forEach((value, step) => {
        if (value === null) return;
        t.push(from + (step + at) * stepMs);
        v.push(value);
      });
      this.#series.set(name, { t, v });
    }
  }

  /**
   * The past up to a step before the first live value, and from there these: averages must not stand between values, and a counter's last
   * value of a step not right before the next one.
   */
  before(name: string, live: Points): Points {
    const past = this.#series.get(name) ?? NO_POINTS;
    if (live.t.length === 0 || past.t.length === 0) return live.t.length === 0 ? past : live;
    const { t, v } = between(past, past.t[0]!, live.t[0]! - this.#stepMs);
    return { t: [...t, ...live.t], v: [...v, ...live.v] };
  }

  covers({ from, to }: TimeRange, wanted: readonly Wanted[]): boolean {
    const has = ({ series, counter }: Wanted) => this.wanted.some((one) => one.series === series && one.counter === counter);
    return this.range.from <= from && this.range.to >= to && wanted.every(has);
  }
}

/** Asks the hub for the past of series. Rejects with HubError. */
export async function loadHistory(http: HttpApi, room: RoomName, range: TimeRange, wanted: readonly Wanted[]): Promise<RangeHistory> {
  const history = new RangeHistory(range, wanted);
  const stepMs = stepFor(range);
  const asked = [true, false].flatMap((counter) => {
    const patterns = new Set(wanted.filter((one) => one.counter === counter).map(({ series }) => series));
    return inGroups([...patterns], QUERY_PATTERNS).map((series) => ({ series, counter }));
  });
  await Promise.all(
    asked.map(async ({ series, counter }) => {
      const given = await http.metricRange(room, { ...range, stepMs, series, aggregate: counter ? 'last' : 'avg' });
      history.add(given, counter ? 1 : 0.5);
    }),
  );
  return history;
}

function inGroups<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, group) => items.slice(group * size, (group + 1) * size));
}
