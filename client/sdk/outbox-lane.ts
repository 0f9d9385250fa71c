import type { HubError, Retry } from '../../shared/errors.js';
import type { PublishAnswer } from '../../shared/protocol.js';

export interface LaneItem {
  readonly id: string;
  /** On its way on the connection of this moment. */
  readonly sent: boolean;
}

/** The unsent messages of one room, oldest first, and how they go out. */
export interface Lane {
  readonly items: readonly LaneItem[];
  /** How many may be on their way at once. */
  readonly window: number;
  /** Refusals since the last message that was stored. */
  readonly attempts: number;
  /**
   * `draining`: one was refused, the others on their way are awaited. `paused`: a timer runs before the next try. `reordering`: one was
   * refused only because the one before it was; once the others on their way are answered, the lane goes on at once.
   */
  readonly hold: 'none' | 'draining' | 'paused' | 'reordering';
  readonly online: boolean;
  /** Milliseconds that the hub asked to wait, of the refusal that is being held. */
  readonly atLeastMs: number;
}

export type LaneEvent =
  | { kind: 'put'; id: string }
  /** Messages from before: they go first. */
  | { kind: 'restore'; ids: readonly string[] }
  | { kind: 'online' }
  | { kind: 'offline' }
  | { kind: 'stored'; id: string; answer: PublishAnswer }
  | { kind: 'refused'; id: string; error: HubError; retry: Retry; retryAfterMs?: number }
  | { kind: 'drop'; id: string; error: HubError }
  | { kind: 'wake' };

export type LaneEffect =
  /** `after`: the message before it, which is on its way. */
  | { do: 'send'; id: string; after?: string }
  | { do: 'queued'; id: string }
  | { do: 'settle'; id: string; settled: PublishAnswer | HubError }
  /** Send `wake` after a backoff. */
  | { do: 'pause'; attempts: number; atLeastMs: number };

export const WINDOW_MAX = 32;

export const emptyLane: Lane = { items: [], window: WINDOW_MAX, attempts: 0, hold: 'none', online: false, atLeastMs: 0 };

/**
 * One step of a lane. Messages go out pipelined, in order, each naming the one before it that is still on its way: the hub stores none without
 * that [P90]. A refusal stops the lane until what is on its way has been answered, and it
 * goes on from the oldest after a backoff, one at a time at first. A connection's end makes all that was on its way unsent: repeating it in
 * order, with its ids, changes nothing that was stored.
 * @param ahead how many may go out without waiting for the answers to those before them
 */
export function reduceLane(lane: Lane, event: LaneEvent, ahead = WINDOW_MAX): readonly [Lane, readonly LaneEffect[]] {
  switch (event.kind) {
    case 'put':
      return pump({ ...lane, items: [...lane.items, { id: event.id, sent: false }] }, ahead);
    case 'restore':
      return pump({ ...lane, items: [...event.ids.map((id) => ({ id, sent: false })), ...lane.items] }, ahead);
    case 'online':
      return lane.online ? [lane, []] : pump({ ...lane, online: true, hold: 'none', attempts: 0 }, ahead);
    case 'offline':
      return offline(lane);
    case 'stored':
      return settle(lane.hold === 'none' ? eased(lane) : lane, event.id, event.answer, ahead);
    case 'refused':
      return refused(lane, event, ahead);
    case 'drop':
      return settle(lane, event.id, event.error, ahead);
    case 'wake':
      return lane.hold === 'paused' ? pump({ ...lane, hold: 'none' }, ahead) : [lane, []];
  }
}

/** All goes well: more may be on their way. */
function eased(lane: Lane): Lane {
  return { ...lane, attempts: 0, window: Math.min(lane.window + 1, WINDOW_MAX) };
}

function offline(lane: Lane): readonly [Lane, readonly LaneEffect[]] {
  const effects = lane.items.filter((item) => item.sent).map(({ id }): LaneEffect => ({ do: 'queued', id }));
  return [{ ...lane, online: false, hold: 'none', items: lane.items.map(({ id }) => ({ id, sent: false })) }, effects];
}

function refused(
  lane: Lane,
  { id, error, retry, retryAfterMs = 0 }: LaneEvent & { kind: 'refused' },
  ahead: number,
): readonly [Lane, readonly LaneEffect[]] {
  if (!lane.items.some((item) => item.id === id && item.sent)) return [lane, []];
  if (retry === 'never') return settle(lane, id, error, ahead);
  const items = lane.items.map((item) => (item.id === id ? { id, sent: false } : item));
  if (error.code === 'out_of_order') {
    return pump({ ...lane, items, hold: lane.hold === 'none' ? 'reordering' : lane.hold }, ahead, [{ do: 'queued', id }]);
  }
  // Several refusals of one burst are one attempt.
  const attempts = lane.hold === 'draining' ? lane.attempts : lane.attempts + 1;
  const held: Lane = { ...lane, items, attempts, hold: 'draining', window: 1, atLeastMs: Math.max(lane.atLeastMs, retryAfterMs) };
  return pump(held, ahead, [{ do: 'queued', id }]);
}

function settle(lane: Lane, id: string, settled: PublishAnswer | HubError, ahead: number): readonly [Lane, readonly LaneEffect[]] {
  if (!lane.items.some((item) => item.id === id)) return [lane, []];
  return pump({ ...lane, items: lane.items.filter((item) => item.id !== id) }, ahead, [{ do: 'settle', id, settled }]);
}

/** Sends what may go. */
function pump(lane: Lane, ahead: number, effects: LaneEffect[] = []): readonly [Lane, readonly LaneEffect[]] {
  const onTheirWay = lane.items.filter((item) => item.sent).length;
  if (lane.hold === 'draining' && onTheirWay === 0) {
    const paused: Lane = { ...lane, hold: 'paused', atLeastMs: 0 };
    return [paused, [...effects, { do: 'pause', attempts: lane.attempts, atLeastMs: lane.atLeastMs }]];
  }
  const isReordered = lane.hold === 'reordering' && onTheirWay === 0;
  if (!lane.online || (lane.hold !== 'none' && !isReordered)) return [lane, effects];
  // The one that waits for nobody is free.
  let room = Math.min(lane.window - onTheirWay, onTheirWay === 0 ? ahead + 1 : ahead);
  const items = lane.items.map((item, i) => {
    if (item.sent || room <= 0) return item;
    room--;
    const before = lane.items[i - 1];
    effects.push(before ? { do: 'send', id: item.id, after: before.id } : { do: 'send', id: item.id });
    return { id: item.id, sent: true };
  });
  return [{ ...lane, items, hold: 'none' }, effects];
}
