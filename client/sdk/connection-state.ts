import type { HubError } from '../../shared/errors.js';
import type { User, Welcome } from '../../shared/protocol.js';
import type { HubState } from './api.js';
import type { Refusal } from './requests.js';

/** Milliseconds that a connection has to last for the next loss to count as a first one. */
const STEADY_MS = 10_000;

type Phase =
  /** A token is fetched, a transport opened, the welcome awaited. */
  | { at: 'connecting'; attempts: number }
  /** `farewell`: why the hub said that it is about to end the connection. */
  | { at: 'online'; attempts: number; sinceMs: number; user: User; farewell?: Refusal }
  | { at: 'waiting'; attempts: number }
  | { at: 'closed' };

export interface ConnectionState {
  readonly phase: Phase;
  /** There was a welcome before: what follows it is `offline`, not `connecting`. */
  readonly welcomed: boolean;
  /** Another token can be had after a refusal. */
  readonly renewable: boolean;
}

export type ConnectionEvent =
  | { kind: 'start' }
  | { kind: 'welcome'; welcome: Welcome; nowMs: number }
  /** An attempt to connect ended. */
  | { kind: 'failed'; refusal: Refusal }
  /** The transport of a welcomed connection ended. */
  | { kind: 'lost'; nowMs: number }
  /** A welcomed connection carried nothing and was left: a failure, however long it was open, so that the waits grow. */
  | { kind: 'silent' }
  /** The hub asks for another connection, not before `afterMs`. */
  | { kind: 'asked-to-reconnect'; afterMs: number }
  | { kind: 'farewell'; refusal: Refusal }
  | { kind: 'wake' }
  | { kind: 'close' };

export type ConnectionEffect =
  | { do: 'open' }
  | { do: 'drop' }
  /** Send `wake` after a backoff. */
  | { do: 'wait'; attempts: number; atLeastMs: number }
  /** Send `wake` after `afterMs` and a random part of as much again. */
  | { do: 'wait-spread'; afterMs: number }
  | { do: 'announce'; state: HubState }
  | { do: 'admitted'; welcome: Welcome }
  | { do: 'report'; error: HubError };

type Step = readonly [ConnectionState, readonly ConnectionEffect[]];

export function startConnection(renewable: boolean): ConnectionState {
  return { phase: { at: 'waiting', attempts: 0 }, welcomed: false, renewable };
}

/** One step of the one connection that a hub object keeps up. */
export function reduceConnection(state: ConnectionState, event: ConnectionEvent): Step {
  const { phase } = state;
  if (phase.at === 'closed') return [state, []];
  switch (event.kind) {
    case 'start':
      return open(state, 0);
    case 'welcome':
      return phase.at === 'connecting' ? welcomed(state, phase.attempts, event) : [state, []];
    case 'failed':
      return phase.at === 'connecting' ? failed(state, phase.attempts, event.refusal) : [state, []];
    case 'lost':
      return phase.at === 'online' ? lost(state, phase, event.nowMs) : [state, []];
    case 'silent':
      return phase.at === 'online' ? lost(state, phase, phase.sinceMs) : [state, []];
    case 'asked-to-reconnect':
      return phase.at === 'online' ? [state, [{ do: 'wait-spread', afterMs: event.afterMs }]] : [state, []];
    case 'farewell':
      return phase.at === 'online' ? [{ ...state, phase: { ...phase, farewell: event.refusal } }, []] : [state, []];
    case 'wake':
      return wake(state);
    case 'close':
      return close(state);
  }
}

function open(state: ConnectionState, attempts: number): Step {
  return [{ ...state, phase: { at: 'connecting', attempts } }, [{ do: 'open' }]];
}

function welcomed(state: ConnectionState, attempts: number, { welcome, nowMs }: ConnectionEvent & { kind: 'welcome' }): Step {
  const phase: Phase = { at: 'online', attempts, sinceMs: nowMs, user: welcome.user };
  return [
    { ...state, phase, welcomed: true },
    [
      { do: 'admitted', welcome },
      { do: 'announce', state: 'online' },
    ],
  ];
}

function failed(state: ConnectionState, attempts: number, refusal: Refusal): Step {
  if (isFinal(state, refusal)) return close(state, refusal.error);
  return [
    { ...state, phase: { at: 'waiting', attempts: attempts + 1 } },
    [
      { do: 'report', error: refusal.error },
      { do: 'wait', attempts: attempts + 1, atLeastMs: refusal.retryAfterMs ?? 0 },
    ],
  ];
}

function lost(state: ConnectionState, phase: Phase & { at: 'online' }, nowMs: number): Step {
  const { farewell } = phase;
  if (farewell && isFinal(state, farewell)) return close(state, farewell.error);
  const attempts = nowMs - phase.sinceMs >= STEADY_MS ? 1 : phase.attempts + 1;
  const wait: ConnectionEffect = { do: 'wait', attempts, atLeastMs: farewell?.retryAfterMs ?? 0 };
  return [{ ...state, phase: { at: 'waiting', attempts } }, [{ do: 'announce', state: 'offline' }, wait]];
}

/** A wait is over: for the next attempt, or, when online, for leaving this connection for another. */
function wake(state: ConnectionState): Step {
  if (state.phase.at === 'waiting') return open(state, state.phase.attempts);
  if (state.phase.at !== 'online') return [state, []];
  const [opening, effects] = open(state, 0);
  return [opening, [{ do: 'drop' }, { do: 'announce', state: 'offline' }, ...effects]];
}

function close(state: ConnectionState, error?: HubError): Step {
  const effects: ConnectionEffect[] = [{ do: 'drop' }];
  if (error) effects.push({ do: 'report', error });
  return [{ ...state, phase: { at: 'closed' } }, [...effects, { do: 'announce', state: 'closed' }]];
}

function isFinal(state: ConnectionState, refusal: Refusal): boolean {
  return refusal.retry === 'never' || (refusal.retry === 'after-auth' && !state.renewable);
}
