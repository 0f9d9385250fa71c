import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HubError } from '../../shared/errors.js';
import { emptyLane, type Lane, type LaneEffect, type LaneEvent, reduceLane, WINDOW_MAX } from './outbox-lane.js';

const answer = (id: string) => ({ id, position: 'e:1' as const, time: 0 });
const put = (id: string): LaneEvent => ({ kind: 'put', id });
const stored = (id: string): LaneEvent => ({ kind: 'stored', id, answer: answer(id) });
const refused = (id: string, retry: 'never' | 'later' = 'later', retryAfterMs = 0): LaneEvent => ({
  ...{ kind: 'refused', id, retry, retryAfterMs },
  error: new HubError(retry === 'never' ? 'forbidden' : 'unavailable'),
});

function run(events: LaneEvent[], start: Lane = emptyLane): { lane: Lane; log: string[] } {
  let lane = start;
  const log: string[] = [];
  for (const event of events) {
    const [next, effects] = reduceLane(lane, event);
    lane = next;
    log.push(...effects.map(line));
  }
  return { lane, log };
}

function line(effect: LaneEffect): string {
  if (effect.do === 'pause') return `pause ${effect.attempts} ${effect.atLeastMs}`;
  if (effect.do === 'settle') return `${effect.settled instanceof HubError ? 'fail' : 'store'} ${effect.id}`;
  return `${effect.do} ${effect.id}${effect.do === 'send' && effect.after !== undefined ? ` after ${effect.after}` : ''}`;
}

test('messages go out at once, in order, without waiting for each other', () => {
  expect(run([{ kind: 'online' }, put('a'), put('b'), stored('a'), stored('b')]).log).toEqual([
    'send a',
    'send b after a',
    'store a',
    'store b',
  ]);
});

test('no more than the window is on its way', () => {
  const ids = Array.from({ length: WINDOW_MAX + 1 }, (_, i) => `m${i}`);
  const { log, lane } = run([...ids.map(put), { kind: 'online' }]);
  expect(log).toHaveLength(WINDOW_MAX);
  expect(run([stored('m0')], lane).log).toEqual(['store m0', `send m${WINDOW_MAX} after m${WINDOW_MAX - 1}`]);
});

test('past the pace each message waits for the one before', () => {
  let lane = run([put('a'), put('b'), put('c'), put('d')]).lane;
  const steps: [LaneEvent, number][] = [
    [{ kind: 'online' }, 1],
    [stored('a'), 0],
    [stored('b'), 0],
    [stored('c'), 5],
  ];
  const log = steps.map(([event, ahead]) => {
    const [next, effects] = reduceLane(lane, event, ahead);
    lane = next;
    return effects.map(line).join(', ');
  });
  expect(log).toEqual(['send a, send b after a', 'store a', 'store b, send c', 'store c, send d']);
});

test('a refusal for now holds the lane until the rest is answered, then the oldest goes alone', () => {
  const { log } = run([
    put('a'),
    put('b'),
    put('c'),
    { kind: 'online' },
    refused('a', 'later', 70),
    stored('b'),
    put('d'),
    stored('c'),
    { kind: 'wake' },
  ]);
  expect(log.slice(3)).toEqual(['queued a', 'store b', 'store c', 'pause 1 70', 'send a']);
});

test('several refusals of one burst are one attempt, and all go again in their order', () => {
  const { log } = run([put('a'), put('b'), { kind: 'online' }, refused('b'), refused('a'), { kind: 'wake' }, stored('a'), stored('b')]);
  expect(log.slice(2)).toEqual(['queued b', 'queued a', 'pause 1 0', 'send a', 'store a', 'send b', 'store b']);
});

const outOfOrder = (id: string): LaneEvent => ({ kind: 'refused', id, retry: 'later', error: new HubError('out_of_order') });

test('[P90] what is refused for the one before it waits with that one, and goes again after it', () => {
  const { log } = run([
    ...['a', 'b', 'c'].map(put),
    { kind: 'online' },
    refused('a', 'later', 70),
    outOfOrder('b'),
    outOfOrder('c'),
    { kind: 'wake' },
    stored('a'),
    stored('b'),
  ]);
  expect(log.slice(3)).toEqual([
    'queued a',
    'queued b',
    'queued c',
    'pause 1 70',
    'send a',
    'store a',
    'send b',
    'send c after b',
    'store b',
  ]);
});

test('[P90] what is refused only for one that failed for good goes again at once, when the others are answered', () => {
  const { log } = run([...['a', 'b', 'c'].map(put), { kind: 'online' }, refused('a', 'never'), outOfOrder('b'), put('d'), outOfOrder('c')]);
  expect(log.slice(3)).toEqual(['fail a', 'queued b', 'queued c', 'send b', 'send c after b', 'send d after c']);
});

test('a refusal for good fails that message and no other', () => {
  expect(run([put('a'), put('b'), { kind: 'online' }, refused('a', 'never'), stored('b')]).log.slice(2)).toEqual(['fail a', 'store b']);
});

test('after a lost connection everything unanswered goes again, in order', () => {
  const { log } = run([put('a'), put('b'), { kind: 'online' }, stored('a'), { kind: 'offline' }, put('c'), { kind: 'online' }]);
  expect(log.slice(2)).toEqual(['store a', 'queued b', 'send b', 'send c after b']);
});

test('a late answer of an earlier connection refuses nothing and stores what it says', () => {
  const { log } = run([put('a'), put('b'), { kind: 'online' }, { kind: 'offline' }, refused('a'), stored('b'), { kind: 'online' }]);
  expect(log.slice(4)).toEqual(['store b', 'send a']);
});

test('what an earlier page left goes before what is new', () => {
  expect(run([put('new'), { kind: 'restore', ids: ['old1', 'old2'] }, { kind: 'online' }]).log).toEqual([
    'send old1',
    'send old2 after old1',
    'send new after old2',
  ]);
});

const step = fc.oneof(
  fc.constant({ kind: 'put' as const }),
  fc.record({ kind: fc.constant('answer' as const), retry: fc.constantFrom('stored', 'later', 'never', 'lost') }),
  fc.constantFrom({ kind: 'online' as const }, { kind: 'offline' as const }, { kind: 'wake' as const }),
);

test('whatever is refused or lost: each message ends once, is stored in order, and those on their way are in order and within the window', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      let lane = emptyLane;
      let made = 0;
      const onTheirWay: { id: string; after: string | undefined }[] = [];
      const ended: string[] = [];
      const log: string[] = [];
      const feed = (event: LaneEvent) => {
        const [next, effects] = reduceLane(lane, event);
        lane = next;
        if (event.kind === 'offline') onTheirWay.length = 0;
        for (const effect of effects) {
          if (effect.do === 'send') onTheirWay.push({ id: effect.id, after: effect.after });
          if (effect.do === 'settle') ended.push(effect.id);
        }
        const numbers = onTheirWay.map(({ id }) => Number(id));
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
        expect(numbers.length).toBeLessThanOrEqual(WINDOW_MAX);
      };
      // A connection answers in the order in which it was asked.
      const answerOldest = (how: string) => {
        const request = onTheirWay.shift();
        if (!request) return;
        const { id, after } = request;
        if (how === 'later' || how === 'never') return feed(refused(id, how));
        if (!log.includes(id) && after !== undefined && !log.includes(after)) return feed(outOfOrder(id));
        if (!log.includes(id)) log.push(id);
        if (how === 'stored') feed(stored(id));
        // The answer is lost, and the connection with it.
        else feed({ kind: 'offline' });
      };
      for (const event of steps) {
        if (event.kind === 'put') feed(put(String(made++)));
        else if (event.kind === 'answer') answerOldest(event.retry);
        else {
          feed(event);
        }
      }
      feed({ kind: 'online' });
      for (let i = 0; i < 2 * made + 2; i++) {
        answerOldest('stored');
        feed({ kind: 'wake' });
      }
      expect(log).toEqual([...log].sort((a, b) => Number(a) - Number(b)));
      expect([...ended].sort()).toEqual(Array.from({ length: made }, (_, i) => String(i)).sort());
    }),
    { numRuns: 300 },
  );
});
