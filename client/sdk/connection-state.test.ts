import { expect, test } from '@jest/globals';
import { HubError } from '../../shared/errors.js';
import { type ConnectionEffect, type ConnectionEvent, reduceConnection, startConnection } from './connection-state.js';
import type { Refusal } from './requests.js';

const later: Refusal = { error: new HubError('unavailable'), retry: 'later' };
const never: Refusal = { error: new HubError('origin_refused'), retry: 'never' };
const afterAuth: Refusal = { error: new HubError('unauthorized'), retry: 'after-auth' };
const welcome = (nowMs = 0): ConnectionEvent => ({ kind: 'welcome', nowMs, welcome: { protocol: 1, user: { id: 'u', name: 'U' } } });

function run(events: ConnectionEvent[], { renewable = false } = {}): string[] {
  let state = startConnection(renewable);
  const log: string[] = [];
  for (const event of events) {
    const [next, effects] = reduceConnection(state, event);
    state = next;
    log.push(...effects.map(line));
  }
  return log;
}

function line(effect: ConnectionEffect): string {
  if (effect.do === 'announce') return effect.state;
  if (effect.do === 'wait') return `wait ${effect.attempts}`;
  if (effect.do === 'report') return `report ${effect.error.code}`;
  return effect.do;
}

test('attempts that fail are repeated with growing waits until there is a welcome', () => {
  const failed: ConnectionEvent = { kind: 'failed', refusal: later };
  expect(run([{ kind: 'start' }, failed, { kind: 'wake' }, failed, { kind: 'wake' }, welcome()])).toEqual([
    ...['open', 'report unavailable', 'wait 1'],
    ...['open', 'report unavailable', 'wait 2'],
    ...['open', 'admitted', 'online'],
  ]);
});

test('a lost connection is made anew; one that did not last counts as a failure', () => {
  const flapping = run([
    { kind: 'start' },
    welcome(),
    { kind: 'lost', nowMs: 10 },
    { kind: 'wake' },
    welcome(20),
    { kind: 'lost', nowMs: 30 },
  ]);
  expect(flapping.filter((effect) => effect.startsWith('wait'))).toEqual(['wait 1', 'wait 2']);
  const steady = run([
    { kind: 'start' },
    welcome(),
    { kind: 'lost', nowMs: 60_000 },
    { kind: 'wake' },
    welcome(),
    { kind: 'lost', nowMs: 60_000 },
  ]);
  expect(steady.filter((effect) => effect.startsWith('wait'))).toEqual(['wait 1', 'wait 1']);
});

test('one that was silent counts as a failure however long it lasted', () => {
  const silent: ConnectionEvent = { kind: 'silent' };
  expect(run([{ kind: 'start' }, silent, welcome(), silent, silent, { kind: 'wake' }, welcome(60_000), silent])).toEqual([
    ...['open', 'admitted', 'online', 'offline', 'wait 1'],
    ...['open', 'admitted', 'online', 'offline', 'wait 2'],
  ]);
});

test('a refusal for good closes; a refused token does only where there is no other', () => {
  expect(run([{ kind: 'start' }, { kind: 'failed', refusal: never }])).toEqual(['open', 'drop', 'report origin_refused', 'closed']);
  const refused: ConnectionEvent[] = [{ kind: 'start' }, { kind: 'failed', refusal: afterAuth }];
  expect(run(refused)).toEqual(['open', 'drop', 'report unauthorized', 'closed']);
  expect(run(refused, { renewable: true })).toEqual(['open', 'report unauthorized', 'wait 1']);
});

test('what the hub says before it ends a connection decides whether to come back', () => {
  const farewell = (refusal: Refusal): ConnectionEvent[] => [
    { kind: 'start' },
    welcome(),
    { kind: 'farewell', refusal },
    { kind: 'lost', nowMs: 1 },
  ];
  expect(run(farewell(never)).at(-1)).toBe('closed');
  expect(run(farewell(later)).slice(-2)).toEqual(['offline', 'wait 1']);
});

test('asked to reconnect, it stays until the wait is over, then leaves and comes again', () => {
  const log = run([{ kind: 'start' }, welcome(), { kind: 'asked-to-reconnect', afterMs: 100 }, { kind: 'wake' }, welcome()]);
  expect(log.slice(3)).toEqual(['wait-spread', 'drop', 'offline', 'open', 'admitted', 'online']);
});

test('nothing happens after closing', () => {
  expect(run([{ kind: 'start' }, { kind: 'close' }, welcome(), { kind: 'wake' }, { kind: 'close' }])).toEqual(['open', 'drop', 'closed']);
});
