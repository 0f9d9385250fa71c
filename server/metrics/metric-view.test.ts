import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeFrame } from '../../shared/frame-codec.js';
import type { Frame, MetricSnapshot } from '../../shared/protocol.js';
import { compileSeriesPatterns } from '../../shared/series-pattern.js';
import { ManualClock } from '../../test/support/manual-clock.js';
import type { LogEntry } from '../log/room-log.js';
import type { FrameEvent, ViewWish } from '../rooms/room-view.js';
import { createMetricView, type MetricViewOptions, VIEWS_PER_ROOM } from './metric-view.js';

const ROOM = 'metrics:a';

/** A room's view with an emitter that reaches the viewers attached to each group, as the feed does. */
function room(options: Partial<MetricViewOptions> = {}, recent: LogEntry[] = []) {
  const clock = new ManualClock();
  const viewers = new Set<Viewer>();
  let seq = recent.length;
  let emitted = 0;
  const emit = (group: string, _event: FrameEvent, payload: Frame | Uint8Array) => {
    emitted++;
    const onTheWire: Frame = payload instanceof Uint8Array ? decodeFrame(payload) : JSON.parse(JSON.stringify(payload));
    for (const viewer of viewers) if (viewer.group === group) viewer.frame(onTheWire);
  };
  const view = createMetricView({ clock, frameIntervalMs: 250, ...options }).open({ room: ROOM, emit }, recent);
  return {
    clock,
    view,
    publish(values: Record<string, number>, t = clock.now()) {
      view.entry(entryOf(++seq, values, t, clock.now()));
    },
    emitted: () => emitted,
    join(maxHz?: number, wish: ViewWish = {}) {
      const { group, answer } = view.attach(maxHz === undefined ? wish : { ...wish, maxHz });
      const viewer = new Viewer(group, JSON.parse(JSON.stringify(answer.metrics)));
      viewers.add(viewer);
      return viewer;
    },
    part(viewer: Viewer) {
      viewers.delete(viewer);
      view.detach(viewer.group);
    },
  };
}

function entryOf(seq: number, values: Record<string, number>, t: number, time = t): LogEntry {
  const data = { t, names: Object.keys(values), values: Object.values(values) };
  const from = { id: 'hub', name: 'hub' };
  return { epoch: 'e', seq, bytes: 100, message: { room: ROOM, position: `e:${seq}`, id: `m${seq}`, type: 'samples', from, time, data } };
}

/** What a client makes of a snapshot and the frames after it. */
class Viewer {
  readonly names: string[];
  readonly latest: Record<string, number> = {};
  readonly frames: Frame[] = [];
  readonly #times: Record<string, number> = {};

  constructor(
    readonly group: string,
    readonly snapshot: MetricSnapshot,
  ) {
    this.names = [...snapshot.names];
    const { series, t, values } = snapshot.latest;
    for (const [i, number] of series.entries()) this.#value(number, t[i] ?? 0, values[i] ?? 0);
  }

  frame(frame: Frame): void {
    this.frames.push(frame);
    for (const [number, name] of Object.entries(frame.names ?? {})) this.names[Number(number)] = name;
    for (const [i, number] of frame.series.entries()) this.#value(number, frame.t - (frame.ago?.[i] ?? 0), frame.values[i] ?? 0);
  }

  #value(number: number, t: number, value: number): void {
    const name = this.names[number];
    expect(name).toBeTruthy();
    if (!name || t < (this.#times[name] ?? t)) return;
    this.#times[name] = t;
    this.latest[name] = value;
  }
}

test('a newcomer gets names, latest values and the last minutes; then frames, each with the names it brings', () => {
  const { join, publish } = room({}, [entryOf(1, { cpu: 1 }, 1_699_999_990_000), entryOf(2, { cpu: 2, mem: 7 }, 1_699_999_991_000)]);
  const viewer = join();
  expect(viewer.snapshot).toEqual({
    names: ['cpu', 'mem'],
    latest: { series: [0, 1], t: [1_699_999_991_000, 1_699_999_991_000], values: [2, 7] },
    backfill: [
      { t: 1_699_999_990_000, series: [0], values: [1] },
      { t: 1_699_999_991_000, series: [0, 1], values: [2, 7] },
    ],
  });
  publish({ mem: 8, disk: 3 });
  publish({ disk: 4 });
  expect(viewer.frames).toEqual([
    { room: ROOM, position: 'e:3', t: 1_700_000_000_000, series: [1, 2], values: [8, 3], names: { 2: 'disk' } },
    { room: ROOM, position: 'e:4', t: 1_700_000_000_000, series: [2], values: [4] },
  ]);
});

test('viewers of a lower rate get the latest of each series once per interval of theirs', async () => {
  const { join, publish, clock, view } = room();
  const [slow, slower, full] = [join(2.5), join(0.5), join(4)];
  expect(full.group).toBe('');
  expect([join(2).group, join(0.6).group]).toEqual([slow.group, slower.group]);
  for (let i = 1; i <= 40; i++) {
    publish({ cpu: i, [`only_${i}`]: i });
    await clock.advance(250);
  }
  await clock.advance(2_000);
  expect(full.frames.length).toBe(40);
  expect(slow.frames.length).toBeLessThanOrEqual(21);
  expect(slower.frames.length).toBeLessThanOrEqual(7);
  for (const viewer of [slow, slower]) expect(viewer.latest).toEqual(full.latest);
  expect(clock.armed).toBe(0);
  view.close();
});

test('a group ends with its last viewer', async () => {
  const { join, publish, part, clock } = room();
  const [one, other] = [join(1), join(1)];
  publish({ cpu: 1 });
  publish({ cpu: 2 });
  part(one);
  expect(clock.armed).toBe(1);
  part(other);
  expect(clock.armed).toBe(0);
});

test('of the frames that one interval gives, the last says how far the room is seen', async () => {
  const { join, publish, clock } = room();
  const viewer = join(1);
  publish({ cpu: 1 });
  publish({ cpu: 9 }, clock.now() - 60_000);
  publish({ cpu: 2 });
  await clock.advance(1_000);
  expect(viewer.frames.map(({ values, position }) => [values, position])).toEqual([
    [[1], 'e:1'],
    [[9], undefined],
    [[2], 'e:3'],
  ]);
});

test('a late sample reaches every viewer at its own time', async () => {
  const { join, publish, clock } = room();
  const viewers = [join(), join(1)];
  publish({ cpu: 1 });
  publish({ cpu: 9 }, clock.now() - 60_000);
  await clock.advance(1_000);
  for (const { frames, latest } of viewers) {
    expect(frames.map(({ t, values }) => [t, values])).toEqual([
      [1_700_000_000_000, [1]],
      [1_699_999_940_000, [9]],
    ]);
    expect(latest).toEqual({ cpu: 1 });
  }
});

test('messages that are no samples are not shown, and nothing breaks', () => {
  const { join, view } = room();
  const viewer = join();
  for (const data of [
    null,
    5,
    'x',
    [],
    {},
    { t: 1 },
    { t: 1, names: 1, values: 2 },
    { t: 1, names: ['a'], values: [] },
    { t: Number.NaN, names: [], values: [] },
    { t: 1, names: [{}], values: [1] },
    { t: 1, names: ['a'], values: ['1'] },
    { t: 1, names: [''], values: [1] },
  ]) {
    const entry = entryOf(1, {}, 1);
    view.entry({ ...entry, message: { ...entry.message, data } });
    view.entry({ ...entry, message: { ...entry.message, type: 'text', data } });
  }
  expect(viewer.frames).toEqual([]);
  expect(join().snapshot.names).toEqual([]);
});

test('[P136] the picture of many series over minutes stays within its bounds, and its last row is the newest', async () => {
  const { join, publish, clock } = room({ backfillPoints: 20_000, backfillPointsPerSeries: 600 });
  for (let i = 0; i < 900; i++) {
    publish(Object.fromEntries([...Array(100).keys()].map((n) => [`series_${n}`, Math.sin(i * n)])));
    await clock.advance(250);
    if (i === 500) join();
  }
  const { snapshot } = join();
  const values = snapshot.backfill.flatMap((row) => row.values);
  expect(values.length).toBeLessThanOrEqual(20_000 + 10_000);
  expect(snapshot.backfill.at(-1)?.series.length).toBe(100);
  expect(snapshot.backfill.map(({ t }) => t)).toEqual(snapshot.backfill.map(({ t }) => t).sort((a, b) => a - b));
  const first = snapshot.backfill[0]?.t ?? 0;
  expect(first).toBeGreaterThanOrEqual(clock.now() - 300_000);
});

test('series past the limit are left out and counted, until idle ones make room; a number then belongs to the new one', async () => {
  let leftOut = 0;
  const { join, publish, clock } = room({
    series: 2,
    backlogMs: 1_000,
    onSeriesLeftOut: (_room, values) => {
      leftOut += values;
    },
  });
  const viewer = join();
  publish({ a: 1, b: 2, c: 3 });
  expect([viewer.latest, leftOut]).toEqual([{ a: 1, b: 2 }, 1]);
  for (let i = 0; i < 15; i++) {
    await clock.advance(1_000);
    publish({ b: i });
  }
  publish({ c: 4 });
  expect(viewer.frames.at(-1)).toMatchObject({ series: [0], names: { 0: 'c' }, values: [4] });
  expect(join().latest).toEqual({ b: 14, c: 4 });
});

test('[P130] a viewer of chosen series gets those, in numbers and names of its own', () => {
  const { join, publish } = room();
  publish({ 'cpu{core="0"}': 1, 'cpu{core="1"}': 2, mem: 3, 'disk{dev="a"}': 4 });
  const viewer = join(undefined, { series: ['cpu{core="1"}', 'd*'] });
  expect(viewer.snapshot).toMatchObject({ names: ['cpu{core="1"}', 'disk{dev="a"}'], latest: { values: [2, 4] } });
  expect(viewer.snapshot.backfill).toEqual([{ t: 1_700_000_000_000, series: [0, 1], values: [2, 4] }]);
  publish({ mem: 5 });
  publish({ mem: 6, 'disk{dev="b"}': 7, 'cpu{core="1"}': 8 });
  expect(viewer.frames).toMatchObject([{ series: [2, 0], values: [7, 8], names: { 2: 'disk{dev="b"}' } }]);
});

test('[P130] [P133] viewers who wish the same share one frame, put together once, as JSON and as bytes', () => {
  const { join, publish, part, emitted } = room();
  const wish = { series: ['a', 'b'] };
  const viewers = [
    join(4, wish),
    join(9, { series: ['b', 'a'] }),
    join(4, { ...wish, binary: true }),
    join(undefined, { ...wish, binary: true }),
  ];
  publish({ a: 1, c: 2 });
  expect(emitted()).toBe(2);
  expect(new Set(viewers.map(({ group }) => group)).size).toBe(2);
  for (const { frames } of viewers) expect(frames).toEqual(viewers[0]!.frames);
  part(viewers[0]!);
  part(viewers[1]!);
  publish({ a: 2 });
  expect(emitted()).toBe(3);
  expect(viewers.map(({ latest }) => latest.a)).toEqual([1, 1, 2, 2]);
});

test('[P131] counters come as what they rise by per second: between the values that this viewer sees, and past ones too', async () => {
  const { join, publish, clock } = room();
  const counted = (value: number) => publish({ 'req_total{code="200"}': value, mem: value });
  counted(10);
  await clock.advance(1_000);
  counted(30);
  const [full, slow] = [join(undefined, { rates: ['*_total'] }), join(0.5, { rates: ['*_total'] })];
  const rate = 'req_total:rate{code="200"}';
  expect(full.latest).toEqual({ mem: 30, [rate]: 20 });
  expect(full.snapshot.backfill.map(({ values }) => values)).toEqual([[10], expect.arrayContaining([30, 20])]);
  for (const value of [40, 80]) {
    await clock.advance(1_000);
    counted(value);
  }
  await clock.advance(4_000);
  expect(full.frames.map(({ values }) => values[0])).toEqual([10, 40]);
  expect(slow.latest[rate]).toBe(40);
  // It began anew.
  counted(5);
  expect(full.latest).toMatchObject({ mem: 5, [rate]: 40 });
  await clock.advance(1_000);
  counted(8);
  expect(full.latest[rate]).toBe(3);
});

test('[P132] histograms come as quantiles of what was observed since the moment before', async () => {
  const { join, publish, clock } = room();
  const bucket = (le: string) => `req_seconds_bucket{code="200",le="${le}"}`;
  const observed = (counts: readonly number[]) =>
    publish({ ...Object.fromEntries(['0.1', '1', '+Inf'].map((le, i) => [bucket(le), counts[i]!])), req_seconds_sum: 9 });
  observed([1_000, 1_000, 1_000]);
  const viewer = join(undefined, { quantiles: [0.5, 0.99] });
  expect(viewer.latest).toEqual({ req_seconds_sum: 9 });
  await clock.advance(1_000);
  observed([1_050, 1_100, 1_100]);
  const name = (q: number) => `req_seconds{code="200",quantile="${q}"}`;
  expect(viewer.latest).toEqual({ req_seconds_sum: 9, [name(0.5)]: 0.1, [name(0.99)]: expect.closeTo(0.982, 6) });
  // A view of its own knows the past minutes, the same one what it showed.
  expect(join(undefined, { quantiles: [0.5] }).latest).toEqual({ req_seconds_sum: 9, [name(0.5)]: 0.1 });
  expect(join(undefined, { quantiles: [0.99, 0.5] }).latest).toEqual(viewer.latest);
  const frames = viewer.frames.length;
  await clock.advance(1_000);
  // Half of them, then the other half at the same time: told once, with all of them.
  publish({ [bucket('0.1')]: 1_051, [bucket('+Inf')]: 1_101 });
  expect(viewer.frames).toHaveLength(frames);
  publish({ [bucket('1')]: 1_101 });
  expect(viewer.latest[name(0.5)]).toBe(0.05);
});

test('[P130] what is no pattern is refused, and so is one view too many', () => {
  const { view, join } = room();
  expect(() => view.admit({ series: ['cpu{'] }, 'user a')).toThrow(expect.objectContaining({ code: 'invalid' }));
  for (let n = 0; n < VIEWS_PER_ROOM; n++) join(undefined, { series: [`s${n}`] });
  expect(() => view.admit({ series: ['one more'] }, 'user a')).toThrow(expect.objectContaining({ code: 'busy' }));
  view.admit({ series: ['s1'] }, 'user a');
});

test('[P140] of the views of a room, one holder has its share; the whole room is none of them', () => {
  const { view } = room({ viewsPerHolder: 2 });
  const tooMany = expect.objectContaining({ code: 'too_many_views' });
  const giveBack = view.admit({ series: ['a'] }, 'user a');
  view.admit({ series: ['b'] }, 'user a');
  expect(() => view.admit({ series: ['c'] }, 'user a')).toThrow(tooMany);
  view.admit({}, 'user a');
  view.admit({ maxHz: 100, binary: true }, 'user a');
  view.admit({ series: ['b'], binary: true }, 'user a');
  view.admit({ series: ['c'] }, 'user b');
  giveBack();
  view.admit({ series: ['c'] }, 'user a');
});

const step = fc.oneof(
  fc.record({
    do: fc.constant('publish' as const),
    names: fc.uniqueArray(fc.integer({ min: 0, max: 12 }), { minLength: 1 }),
    lateMs: fc.constantFrom(0, 0, 0, 700, 5_000),
  }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 250, 1_000, 20_000) }),
  fc.record({
    do: fc.constant('join' as const),
    maxHz: fc.constantFrom(undefined, 20, 2, 1, 0.3),
    wish: fc.constantFrom<ViewWish>({}, { binary: true }, { series: ['s1', 's2', 's3'] }, { series: ['s*2'], binary: true }),
  }),
);

test('whenever somebody joins, at whatever rate, all end with the same latest values', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { join, publish, clock } = room({ series: 8, backlogMs: 3_000 });
      const viewers = [{ viewer: join(), wish: {} as ViewWish }];
      let value = 0;
      for (const act of steps) {
        if (act.do === 'publish') publish(Object.fromEntries(act.names.map((name) => [`s${name}`, ++value])), clock.now() - act.lateMs);
        else if (act.do === 'wait') await clock.advance(act.ms);
        else viewers.push({ viewer: join(act.maxHz, act.wish), wish: act.wish });
      }
      await clock.advance(10_000);
      const truth = Object.entries(join().latest);
      for (const { viewer, wish } of viewers) {
        const chosen = compileSeriesPatterns(wish.series ?? []);
        expect(viewer.latest).toMatchObject(Object.fromEntries(truth.filter(([name]) => chosen(name))));
      }
    }),
    { numRuns: 200 },
  );
});

test('[P55] what a newcomer is shown of the past and the frames that follow have each value once, whoever joins when', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.constantFrom(0.3, 0.01), async (steps, slowest) => {
      const { join, publish, clock } = room({ backfillPoints: 1_000_000, backfillPointsPerSeries: 2_000 });
      const joined: { viewer: Viewer; maxHz: number | undefined; chosen: (series: string) => boolean }[] = [];
      const published: [name: string, value: number][] = [];
      let waitedMs = 0;
      for (const act of steps) {
        if (act.do === 'publish') {
          const values = act.names.map((name): [string, number] => [`s${name}`, published.length * 100 + name]);
          published.push(...values);
          publish(Object.fromEntries(values), clock.now() - act.lateMs);
        } else if (act.do === 'wait') {
          await clock.advance(act.ms);
          waitedMs += act.ms;
        } else {
          const maxHz = act.maxHz === 0.3 ? slowest : act.maxHz;
          joined.push({ viewer: join(maxHz, act.wish), maxHz, chosen: compileSeriesPatterns(act.wish.series ?? []) });
        }
      }
      await clock.advance(100_000);
      for (const { viewer, maxHz, chosen } of joined) {
        const seen = [...viewer.snapshot.backfill, ...viewer.frames].flatMap(({ values }) => values);
        expect(new Set(seen).size).toBe(seen.length);
        const all = published.filter(([name]) => chosen(name)).map(([, value]) => value);
        if (maxHz === undefined && waitedMs < 50_000) expect(new Set(seen)).toEqual(new Set(all));
        else expect(all).toEqual(expect.arrayContaining(seen));
      }
    }),
    { numRuns: 200 },
  );
});

test('[P55] a value that waits for longer than it is kept as it came goes out early, and comes once', async () => {
  const { join, publish, clock } = room();
  const first = join(0.01);
  publish({ a: 1 });
  await clock.advance(1_000);
  publish({ a: 2 });
  await clock.advance(70_000);
  publish({ a: 3 });
  const second = join(0.01);
  publish({ a: 4 });
  await clock.advance(200_000);
  const seen = ({ snapshot, frames }: Viewer) => [...snapshot.backfill, ...frames].flatMap(({ values }) => values);
  expect(seen(first)).toEqual([1, 3, 4]);
  expect(seen(second)).toEqual([1, 2, 3, 4]);
});

test('[P55] an entry that the roll-ups have already is not counted again, whenever it is heard', async () => {
  const clock = new ManualClock();
  const cell = { count: 1, sum: 7, min: 7, max: 7, last: 7, lastT: clock.now() };
  const past = async () => ({ upTo: { epoch: 'e', seq: 2 }, series: new Map([['cpu', new Map([[clock.now(), cell]])]]) });
  const frames: unknown[] = [];
  const known = await createMetricView({ clock, frameIntervalMs: 250, past }).past?.(ROOM);
  const view = known!.open({ room: ROOM, emit: (_group, _event, frame) => frames.push(frame) }, [entryOf(1, { cpu: 5 }, clock.now())]);
  view.attach({});
  for (const seq of [2, 3]) view.entry(entryOf(seq, { cpu: seq }, clock.now()));
  expect(frames).toMatchObject([{ position: 'e:3', values: [3] }]);
  expect(view.attach({}).answer.metrics?.backfill.flatMap(({ values }) => values)).toEqual([7, 3]);
});

test('[P136] a newcomer says how many points of a series it wants, and whether peaks or the form of the line are to be kept', async () => {
  const { join, publish, clock } = room();
  for (let i = 0; i < 200; i++) {
    publish({ wave: i === 77 ? 50 : Math.sin(i), other: i });
    await clock.advance(250);
  }
  const pointsOf = ({ snapshot }: Viewer) =>
    snapshot.backfill.flatMap(({ series, values }) =>
      series.flatMap((number, i) => (snapshot.names[number] === 'wave' ? [values[i]] : [])),
    );
  expect(pointsOf(join())).toHaveLength(200);
  const few = pointsOf(join(undefined, { points: 20 }));
  expect(few.length).toBeLessThanOrEqual(20);
  expect(few).toContain(50);
  const line = pointsOf(join(undefined, { points: 20, downsample: 'lttb' }));
  expect(line).toHaveLength(20);
  expect([line[0], line.at(-1)]).toEqual([0, Math.sin(199)]);
  expect(pointsOf(join(undefined, { points: 20, downsample: 'lttb', series: ['wave'] }))).toEqual(line);
});

test('the picture that newcomers share goes on with what came since, and is made anew later', async () => {
  const { join, publish, clock } = room();
  const seen = () => join(undefined, { rates: ['n'] }).snapshot.backfill.flatMap(({ values }) => values);
  publish({ n: 10, m: 1 });
  expect(seen()).toEqual([1]);
  await clock.advance(1_000);
  publish({ n: 30, m: 2 });
  expect(seen()).toEqual([1, 20, 2]);
  await clock.advance(20_000);
  publish({ n: 30, m: 3 });
  expect(seen()).toEqual([1, 20, 2, 0, 3]);
  await clock.advance(310_000);
  expect(seen()).toEqual([]);
});
