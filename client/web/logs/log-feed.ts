import type { RoomName } from '../../../shared/rooms.js';
import type { LogLine } from '../../../shared/schemas.js';
import type { Hub, HubError } from '../../sdk/roomcast.js';
import { batched, beforePaint } from '../lib/frame-batch.js';
import { createStore, type Store } from '../lib/store.js';
import { EMPTY_LOG, type LogAction, type LogState, logReducer } from './log-state.js';

/** Messages, each of one or more lines, that a newcomer gets. */
const FIRST_MESSAGES = 200;

export interface LogFeed {
  readonly log: Store<LogState>;
  readonly state: Store<{ kind: 'joining' } | { kind: 'live' } | { kind: 'refused'; error: HubError }>;
  dispatch(action: LogAction): void;
  leave(): void;
}

/** Follows a log room; the lines of one paint are one change. */
export function joinLogRoom(hub: Hub, name: RoomName): LogFeed {
  const room = hub.room(name, { last: FIRST_MESSAGES });
  const log = createStore(EMPTY_LOG);
  const state: LogFeed['state'] = createStore({ kind: 'joining' });
  const dispatch = (action: LogAction) => log.set(logReducer(log.get(), action));
  const arrived = batched<{ lines: LogLine[]; time: number }>(beforePaint(), (batches) => dispatch({ kind: 'lines', batches }));
  room.on('message', ({ type, data, time }) => arrived.add({ lines: linesOf(type, data), time }));
  room.on('subscribed', () => state.set({ kind: 'live' }));
  room.on('gap', () => dispatch({ kind: 'gap' }));
  room.on('error', (error) => state.set({ kind: 'refused', error }));
  room.ready.catch((error: HubError) => state.set({ kind: 'refused', error }));
  return {
    log,
    state,
    dispatch,
    leave() {
      arrived.cancel();
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
