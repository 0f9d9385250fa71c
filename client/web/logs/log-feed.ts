import type { RoomName } from '../../../shared/rooms.js';
import type { LogLine } from '../../../shared/schemas.js';
import type { Hub, HubError } from '../../sdk/roomcast.js';
import { batched, type Schedule } from '../lib/frame-batch.js';
import { createStore, type Store } from '../lib/store.js';
import { compileWritten, type WrittenFilter } from './line-filter.js';
import { type LineBatch, LogTail } from './log-tail.js';

/** Messages, each of one or more lines, that a newcomer gets. */
const FIRST_MESSAGES = 200;

/** How things stand with a log; another object whenever something of it, or of the tail, is another. */
export interface LogView {
  /** Why lines wait: nobody paused, the button did, or the reader scrolled away from the end. */
  readonly paused: Pause | undefined;
  /** Messages were missed. */
  readonly gaps: number;
}
export type Pause = 'button' | 'scroll';

export interface LogFeed {
  readonly tail: LogTail;
  readonly view: Store<LogView>;
  readonly state: Store<{ kind: 'joining' } | { kind: 'live' } | { kind: 'refused'; error: HubError }>;
  filter(filter: WrittenFilter): void;
  pause(why: Pause): void;
  resume(): void;
  clear(): void;
  leave(): void;
}

/** Follows a log room; the lines of one paint are one change. */
export function joinLogRoom(hub: Hub, name: RoomName, schedule: Schedule): LogFeed {
  const room = hub.room(name, { last: FIRST_MESSAGES });
  const tail = new LogTail();
  const view = createStore<LogView>({ paused: undefined, gaps: 0 });
  const state: LogFeed['state'] = createStore({ kind: 'joining' });
  const changed = (change: Partial<LogView> = {}) => view.set({ ...view.get(), ...change });
  const arrived = batched<LineBatch>(schedule, (batches) => {
    tail.add(batches);
    changed();
  });
  let cancelScan: (() => void) | undefined;
  const scanOn = () => {
    cancelScan = schedule(() => {
      const more = tail.scan();
      changed();
      if (more) scanOn();
    });
  };
  room.on('message', ({ type, data, time }) => arrived.add({ lines: linesOf(type, data), time }));
  room.on('subscribed', () => state.set({ kind: 'live' }));
  room.on('gap', () => changed({ gaps: view.get().gaps + 1 }));
  room.on('error', (error) => state.set({ kind: 'refused', error }));
  room.ready.catch((error: HubError) => state.set({ kind: 'refused', error }));
  return {
    tail,
    view,
    state,
    filter(filter) {
      cancelScan?.();
      tail.filter(compileWritten(filter));
      changed();
      scanOn();
    },
    pause(why) {
      tail.pause();
      changed({ paused: why });
    },
    resume() {
      tail.resume();
      changed({ paused: undefined });
    },
    clear() {
      tail.clear();
      changed({ gaps: 0 });
    },
    leave() {
      arrived.cancel();
      cancelScan?.();
      room.leave();
    },
  };
}

/** A log room's message may be of any type; what carries no lines is shown as one. */
function linesOf(type: string, data: unknown): LogLine[] {
  const lines = (data as { lines?: unknown } | null)?.lines;
  if (type === 'lines' && Array.isArray(lines)) return lines as LogLine[];
  return [{ text: typeof data === 'string' ? data : JSON.stringify(data) }];
}
