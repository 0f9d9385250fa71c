import type { RoomName } from '../../../shared/rooms.js';
import type { LogLine } from '../../../shared/schemas.js';
import type { Hub, HubError } from '../../sdk/roomcast.js';
import { batched, type Schedule, spaced } from '../lib/frame-batch.js';
import { createStore, type Store } from '../lib/store.js';
import { compileWritten, hubFilter, type WrittenFilter } from './line-filter.js';
import { LogTail } from './log-tail.js';

/** Lines that a newcomer gets. */
const FIRST_LINES = 500;
/** Milliseconds between two changes of what is shown: nobody reads faster, and laying out and painting rows is what a tail costs. */
const SHOWN_MS = 45;
/** Milliseconds without a change after which the hub is asked for another choice of lines. */
const SETTLED_MS = 300;

/** How things stand with a log; another object whenever something of it, or of the tail, is another. */
export interface LogView {
  /** Why lines wait: nobody paused, the button did, or the reader scrolled away from the end. */
  readonly paused: Pause | undefined;
  /** Lines were missed. */
  readonly gaps: number;
  /** Lines that the hub left out because this page did not keep up. */
  readonly skipped: number;
}
export type Pause = 'button' | 'scroll';

export interface LogFeed {
  readonly tail: LogTail;
  readonly view: Store<LogView>;
  readonly state: Store<{ kind: 'joining' } | { kind: 'live' } | { kind: 'refused'; error: HubError }>;
  /** Shows what passes of the lines that are there, and soon asks the hub for no others. */
  filter(filter: WrittenFilter): void;
  pause(why: Pause): void;
  resume(): void;
  clear(): void;
  leave(): void;
}

interface LogFeedOptions {
  readonly hub: Hub;
  readonly room: RoomName;
  readonly filter: WrittenFilter;
  readonly schedule: Schedule;
  /** Calls back after a number of milliseconds; gives the function that takes it back. */
  readonly after?: (ms: number, callback: () => void) => () => void;
  /** Milliseconds that pass. */
  readonly now?: () => number;
}

/** What comes in the order in which it counts. */
type Arrival = { kind: 'lines'; lines: readonly LogLine[]; time: number; skipped: number } | { kind: 'anew' } | { kind: 'gap' };

/** Follows a log room; the lines of one paint are one change. */
export function joinLogRoom({ hub, room: name, filter: first, schedule, after = startTimer, now }: LogFeedOptions): LogFeed {
  const room = hub.logs(name, { last: FIRST_LINES, skip: true, filter: hubFilter(first) });
  const tail = new LogTail();
  tail.filter(compileWritten(first));
  const view = createStore<LogView>({ paused: undefined, gaps: 0, skipped: 0 });
  const state: LogFeed['state'] = createStore({ kind: 'joining' });
  const changed = (change: Partial<LogView> = {}) => view.set({ ...view.get(), ...change });
  const arrived = batched<Arrival>(spaced(schedule, SHOWN_MS, now), (arrivals) => {
    let { gaps, skipped } = view.get();
    for (const arrival of arrivals) {
      if (arrival.kind === 'gap') gaps++;
      else if (arrival.kind === 'lines') {
        tail.add([arrival]);
        skipped += arrival.skipped;
      } else {
        tail.clear();
        [gaps, skipped] = [0, 0];
      }
    }
    changed({ gaps, skipped });
  });
  room.on('lines', ({ lines, skipped }) => arrived.add({ kind: 'lines', lines, skipped, time: Date.now() }));
  room.on('filtered', () => arrived.add({ kind: 'anew' }));
  room.on('gap', () => arrived.add({ kind: 'gap' }));
  room.on('error', (error) => state.set({ kind: 'refused', error }));
  room.ready.then(
    () => state.set({ kind: 'live' }),
    (error: HubError) => state.set({ kind: 'refused', error }),
  );

  let wanted = first;
  let cancelScan = () => {};
  let cancelAsking = () => {};
  const scanOn = () => {
    cancelScan = schedule(() => {
      const more = tail.scan();
      // What has come is shown with it, in one change.
      arrived.flush();
      changed();
      if (more) scanOn();
    });
  };
  /** What is being read while lines wait must stay: the hub is asked when they no longer do. */
  const askHub = () => {
    const next = hubFilter(wanted);
    if (view.get().paused === undefined && JSON.stringify(next) !== JSON.stringify(room.filter)) room.setFilter(next);
  };
  return {
    tail,
    view,
    state,
    filter(filter) {
      wanted = filter;
      cancelScan();
      tail.filter(compileWritten(filter));
      changed();
      scanOn();
      cancelAsking();
      cancelAsking = after(SETTLED_MS, askHub);
    },
    pause(why) {
      tail.pause();
      changed({ paused: why });
    },
    resume() {
      tail.resume();
      changed({ paused: undefined });
      askHub();
    },
    clear() {
      tail.clear();
      changed({ gaps: 0, skipped: 0 });
    },
    leave() {
      arrived.cancel();
      cancelScan();
      cancelAsking();
      room.leave();
    },
  };
}

function startTimer(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
}
