import { HubError } from '../../shared/errors.js';
import type { PositionParts } from '../../shared/position.js';
import type { Frame, SampleColumns, SubscribeAnswer } from '../../shared/protocol.js';
import type { LogEntry } from '../log/room-log.js';
import type { Clock } from '../observe/clock.js';
import { PlaceShares } from '../rooms/place-shares.js';
import type { OpenView, RoomView, ViewHost, ViewWish } from '../rooms/room-view.js';
import { Backfills } from './backfills.js';
import { FrameLens, seesAll } from './frame-lens.js';
import { MetricHistory, type NumberedRow } from './metric-history.js';
import { rateFor } from './rate-group.js';
import type { RoomPast, RoomPastQuery } from './room-past.js';
import { columnsOf } from './sample-columns.js';
import { SeriesDictionary } from './series-dictionary.js';
import { SharedView, viewOfGroup } from './shared-view.js';

export interface MetricViewOptions {
  readonly clock: Clock;
  /** The kind's interval: wishes for as many frames or more are the full rate. */
  readonly frameIntervalMs: number;
  /** Left out: what was before is made from the log alone. */
  readonly past?: ((query: PastQuery) => Promise<RoomPast | undefined>) | undefined;
  /** How far back a newcomer sees. */
  readonly backlogMs?: number;
  readonly backlogMessages?: number;
  /** Values of one series that a newcomer's picture has at most, and of all series together. */
  readonly backfillPointsPerSeries?: number;
  readonly backfillPoints?: number;
  /** Series that one room shows at a time; further ones stay in the log only. */
  readonly series?: number;
  /** Different ways, beside the whole room, in which one holder may see a room at once. */
  readonly viewsPerHolder?: number;
  /** Series left out for that reason, each time one has a value. */
  readonly onSeriesLeftOut?: (room: string, values: number) => void;
}

const DEFAULTS = { backlogMs: 5 * 60_000, backlogMessages: 1_500, backfillPointsPerSeries: 600, backfillPoints: 40_000, series: 20_000 };
type PastQuery = Omit<RoomPastQuery, 'log' | 'rollups'>;
type Settings = MetricViewOptions & typeof DEFAULTS;

/** Kept in memory per room for newcomers: values as they came, and buckets of older ones. */
const KEPT_POINTS = 200_000;
const KEPT_CELLS = 60_000;
/** Values that a new view looks back at, to have its first rates and quantiles. */
const SEED_VALUES = 40_000;
/** Characters of all series names of a room. */
const NAME_CHARS = 4 * 1024 * 1024;
/** The room as it is. */
const WHOLE = '';
/** Distinct ways to see one room on this node at a time: each costs a look at every value. */
export const VIEWS_PER_ROOM = 200;

/** How metric rooms are seen: as frames of numbered series, at each viewer's own rate, with a picture of the last minutes to begin with. */
export function createMetricView(options: MetricViewOptions): OpenView {
  const settings = { ...DEFAULTS, ...options };
  const { backlogMs: ageMs, backlogMessages: messages, series } = settings;
  const open = (host: ViewHost, recent: readonly LogEntry[], past?: RoomPast) => {
    const view = new MetricRoomView(host, settings);
    if (past) view.begin(past);
    for (const entry of recent) view.learn(entry);
    return view;
  };
  return {
    backlog: { messages, ageMs },
    async past(room) {
      const past = await settings.past?.({ room, now: settings.clock.now(), ageMs, series, cells: KEPT_CELLS });
      return past && { upTo: past.upTo, open: (host, recent) => open(host, recent, past) };
    },
    open,
  };
}

class MetricRoomView implements RoomView {
  readonly #dictionary: SeriesDictionary;
  readonly #history: MetricHistory;
  readonly #backfills: Backfills;
  /** By what their viewers wish, and by name. */
  readonly #views = new Map<string, SharedView>();
  readonly #names = new Map<string, string>();
  readonly #shares: PlaceShares;
  #named = 0;
  /** Up to here all is taken in without the entries. */
  #begunAt: PositionParts | undefined;

  constructor(
    private readonly host: ViewHost,
    private readonly settings: Settings,
  ) {
    const { backlogMs: ageMs, backfillPointsPerSeries: pointsPerSeries, backfillPoints: points } = settings;
    this.#history = new MetricHistory({ ageMs, points: KEPT_POINTS, cells: KEPT_CELLS });
    this.#backfills = new Backfills(this.#history, { pointsPerSeries, points });
    this.#shares = new PlaceShares(settings.viewsPerHolder ?? VIEWS_PER_ROOM, 'views');
    this.#dictionary = new SeriesDictionary({ ...this.#limits, onForget: (number) => this.#history.forget(number) });
  }

  /** Takes in what was before the first entry. */
  begin({ upTo, series }: RoomPast): void {
    this.#begunAt = upTo;
    const now = this.settings.clock.now();
    for (const [name, cells] of series) {
      const number = cells.size === 0 ? undefined : this.#dictionary.introduce(name, now);
      if (number !== undefined) this.#history.begin(number, cells);
    }
  }

  entry(entry: LogEntry): void {
    const frame = this.learn(entry);
    if (frame) for (const view of this.#views.values()) view.add(frame);
  }

  /** Takes a message's samples in and gives them in numbers; undefined when it carries none that are new. */
  learn({ epoch, seq, message }: LogEntry): Omit<Frame, 'room'> | undefined {
    // The roll-ups can be ahead of what this instance has heard.
    if (epoch === this.#begunAt?.epoch && seq <= this.#begunAt.seq) return undefined;
    const columns = columnsOf(message);
    if (!columns) return undefined;
    const frame = this.#number(columns, message.time);
    if (frame.series.length === 0) return undefined;
    this.#history.add(frame, message.time);
    this.#backfills.expire(this.settings.clock.now());
    frame.position = message.position;
    return frame;
  }

  admit(wish: ViewWish, holder: string): () => void {
    const key = this.#keyOf(wish);
    // All others are made of it.
    if (key === WHOLE) return () => {};
    if (!this.#views.has(key)) {
      if (this.#views.size >= VIEWS_PER_ROOM) throw new HubError('busy', `${this.host.room} is seen in too many ways already`, 1_000);
      this.#lens(wish);
    }
    return this.#shares.take(holder, key);
  }

  attach(wish: ViewWish): { group: string; answer: Pick<SubscribeAnswer, 'metrics'> } {
    const key = this.#keyOf(wish);
    const view = this.#views.get(key) ?? this.#open(key, wish);
    this.#history.age(this.settings.clock.now());
    const metrics = view.snapshot(wish);
    return { group: view.enter(wish.binary ?? false), answer: { metrics } };
  }

  detach(group: string): void {
    const key = this.#names.get(viewOfGroup(group));
    const view = key === undefined ? undefined : this.#views.get(key);
    if (key === undefined || !view || view.leave(group)) return;
    view.close();
    this.#views.delete(key);
    this.#names.delete(viewOfGroup(group));
  }

  close(): void {
    for (const view of this.#views.values()) view.close();
    this.#views.clear();
  }

  /** A number is free for another series only when the history has none of its rows any more. */
  get #limits() {
    return { series: this.settings.series, chars: NAME_CHARS, idleMs: 2 * this.settings.backlogMs };
  }

  #open(key: string, wish: ViewWish): SharedView {
    const name = key === WHOLE ? WHOLE : `/${++this.#named}`;
    const { clock } = this.settings;
    const lens = this.#lens(wish);
    lens?.seed(this.#recent(), this.#history.latest(), clock.now());
    const room = { names: this.#dictionary.names, history: this.#history, backfills: this.#backfills };
    const view = new SharedView({ name, host: this.host, clock, hz: this.#rateOf(wish), lens, room });
    this.#views.set(key, view);
    this.#names.set(name, key);
    return view;
  }

  /** @throws HubError `invalid` for what is no pattern */
  #lens(wish: ViewWish): FrameLens | undefined {
    return seesAll(wish) ? undefined : new FrameLens(wish, this.#dictionary.names, this.#limits);
  }

  /** The newest rows, oldest first. */
  #recent(): NumberedRow[] {
    const rows = this.#history.rows(0, this.#history.count);
    let values = 0;
    const from = rows.findLastIndex(({ series }) => {
      values += series.length;
      return values > SEED_VALUES;
    });
    return rows.slice(from + 1);
  }

  /** Frames per second; undefined for all of them. */
  #rateOf({ maxHz }: ViewWish): number | undefined {
    return maxHz === undefined || maxHz >= 1_000 / this.settings.frameIntervalMs ? undefined : rateFor(maxHz);
  }

  /** Wishes that come to the same have one key, whatever the order of their patterns. */
  #keyOf(wish: ViewWish): string {
    const hz = this.#rateOf(wish);
    if (hz === undefined && seesAll(wish)) return WHOLE;
    // A quantile's place among the others is not seen.
    const { series, rates, quantiles } = wish;
    return JSON.stringify([hz, series?.toSorted(), rates?.toSorted(), quantiles?.toSorted()]);
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
