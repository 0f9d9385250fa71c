import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HubError } from '../../shared/errors.js';
import { formatPosition, type Position, parsePosition } from '../../shared/position.js';
import type { Message, SubscribeAnswer } from '../../shared/protocol.js';
import { reduceSession, type Session, type SessionEffect, type SessionEvent, startSession } from './room-session.js';

const ROOM = 'chat:lobby';

function message(position: Position, id: string = position): Message {
  return { room: ROOM, position, id, type: 'text', from: { id: 'u', name: 'U' }, time: 0, data: { text: id } };
}
function answer(position: Position, messages: Position[] = [], recovered = false): SubscribeAnswer {
  return { room: ROOM, position, recovered, messages: messages.map((at) => message(at)) };
}
const arrives = (position: Position): SessionEvent => ({ kind: 'message', message: message(position) });
const answered = (...given: Parameters<typeof answer>): SessionEvent => ({ kind: 'answered', answer: answer(...given) });

/** Feeds events in turn; gives the session and what came of it, in one line each. */
function run(events: SessionEvent[], start: Session = startSession({ room: ROOM, last: 10 })): { session: Session; log: string[] } {
  let session = start;
  const log: string[] = [];
  for (const event of events) {
    const [next, effects] = reduceSession(session, event);
    session = next;
    log.push(...effects.map(line));
  }
  return { session, log };
}

function line(effect: SessionEffect): string {
  if (effect.do === 'subscribe') return `subscribe since ${effect.request.since}`;
  if (effect.do === 'pause') return `pause ${effect.attempts}${effect.authenticate ? ' authenticate' : ''}`;
  if (effect.do !== 'emit') return effect.do;
  const { event, payload } = effect.emission;
  if (event === 'message') return `message ${payload.position}`;
  if (event === 'gap') return `gap ${payload.after} ${payload.position}`;
  if (event === 'recovered') return `recovered ${payload.messages}`;
  return event;
}

test('the first answer readies the room and gives its messages, then events follow', () => {
  const { log } = run([{ kind: 'online' }, answered('e:2', ['e:1', 'e:2']), arrives('e:3')]);
  expect(log).toEqual(['subscribe since undefined', 'ready', 'subscribed', 'message e:1', 'message e:2', 'message e:3']);
});

test('what arrives before the answer is given after it, what the answer holds already is not given again', () => {
  const { log } = run([{ kind: 'online' }, arrives('e:2'), arrives('e:3'), answered('e:2', ['e:1', 'e:2'])]);
  expect(log).toEqual(['subscribe since undefined', 'ready', 'subscribed', 'message e:1', 'message e:2', 'message e:3']);
});

test('a return asks from the last position and tells what came meanwhile', () => {
  const { log } = run([
    { kind: 'online' },
    answered('e:2'),
    { kind: 'offline' },
    { kind: 'online' },
    answered('e:4', ['e:3', 'e:4'], true),
  ]);
  expect(log.slice(3)).toEqual(['subscribe since e:2', 'subscribed', 'message e:3', 'message e:4', 'recovered 2']);
});

test('a return that cannot be recovered is told as a gap before the messages', () => {
  const back = answered('e:90', ['e:89', 'e:90'], false);
  const { log } = run([{ kind: 'online' }, answered('e:2'), { kind: 'offline' }, { kind: 'online' }, back]);
  expect(log.slice(3)).toEqual(['subscribe since e:2', 'subscribed', 'gap e:2 e:90', 'message e:89', 'message e:90']);
});

test('messages that an unrecovered answer repeats are left out', () => {
  const back = answered('e:4', ['e:1', 'e:2', 'e:3', 'e:4'], false);
  const { log } = run([{ kind: 'online' }, answered('e:2'), { kind: 'offline' }, { kind: 'online' }, back]);
  expect(log.slice(5)).toEqual(['gap e:2 e:4', 'message e:3', 'message e:4']);
});

test('after a new epoch, ids that were given before are told apart', () => {
  const { session } = run([{ kind: 'online' }, answered('e:2'), { kind: 'offline' }, { kind: 'online' }]);
  const [live, effects] = reduceSession(session, { kind: 'answered', answer: answer('f:1', ['f:1']) });
  expect(effects.filter((effect) => effect.do === 'emit' && effect.unlessSeen !== undefined)).toHaveLength(1);
  const [, later] = reduceSession(live, arrives('f:2'));
  expect(later).toMatchObject([{ do: 'emit', unlessSeen: 'f:2' }]);
});

test('a hole between live messages is asked for, and its far side comes with the answer', () => {
  const { log } = run([{ kind: 'online' }, answered('e:2'), arrives('e:5'), arrives('e:6'), answered('e:5', ['e:3', 'e:4', 'e:5'], true)]);
  expect(log.slice(3)).toEqual([
    'subscribe since e:2',
    'subscribed',
    'message e:3',
    'message e:4',
    'message e:5',
    'recovered 3',
    'message e:6',
  ]);
});

test('holes that asking does not close are asked for with a growing pause', () => {
  const { log } = run([{ kind: 'online' }, answered('e:2'), arrives('e:5'), answered('e:5', [], true), arrives('e:9'), { kind: 'wake' }]);
  expect(log.slice(3)).toEqual(['subscribe since e:2', 'subscribed', 'recovered 0', 'pause 1', 'subscribe since e:5']);
});

test('[P43] holes in what the hub leaves out are told, not asked for; one behind that is asked for', () => {
  const left: SessionEvent = { kind: 'lagging', behind: 8, dropped: 6 };
  const { log } = run([{ kind: 'online' }, answered('e:2'), left, arrives('e:6'), arrives('e:10'), arrives('e:11'), arrives('e:13')]);
  expect(log.slice(3)).toEqual(['gap e:2 e:6', 'message e:6', 'gap e:6 e:10', 'message e:10', 'message e:11', 'subscribe since e:11']);
});

test('[P43] what waits whole in the log is in order as ever: a hole in it is asked for', () => {
  const { log } = run([{ kind: 'online' }, answered('e:2'), { kind: 'lagging', behind: 8 }, arrives('e:5')]);
  expect(log.slice(3)).toEqual(['subscribe since e:2']);
});

test('a gap notice moves the cursor to where the room goes on', () => {
  const { session, log } = run([{ kind: 'online' }, answered('e:2'), { kind: 'gap', position: 'e:7' }, arrives('e:8')]);
  expect(log.slice(3)).toEqual(['gap e:2 e:7', 'message e:8']);
  expect(session.cursor).toBe('e:8');
});

test('a refusal for now is repeated, with another token where that is what is missing; one for good ends it', () => {
  const error = new HubError('unavailable');
  const { log } = run([
    { kind: 'online' },
    { kind: 'refused', refusal: { error, retry: 'later' } },
    { kind: 'wake' },
    { kind: 'refused', refusal: { error, retry: 'after-auth' } },
    { kind: 'wake' },
    { kind: 'refused', refusal: { error: new HubError('forbidden'), retry: 'never' } },
    { kind: 'online' },
  ]);
  const subscribe = 'subscribe since undefined';
  expect(log).toEqual([subscribe, 'pause 1', subscribe, 'pause 2 authenticate', subscribe, 'fail']);
});

test('more arrivals than are held for an answer are asked for again', () => {
  const flood = Array.from({ length: 6_000 }, (_, i) => arrives(`e:${i + 1}`));
  const { session, log } = run([{ kind: 'online' }, ...flood, answered('e:0')]);
  expect(session.cursor).toBe('e:5000');
  expect(log.at(-1)).toBe('subscribe since e:5000');
});

test('a subscription that starts anew names no position', () => {
  const anew = startSession({ room: 'metrics:host', anew: true });
  const frame: SessionEvent = { kind: 'frame', frame: { room: 'metrics:host', position: 'e:9', t: 1, series: [], values: [] } };
  const { log } = run([{ kind: 'online' }, answered('e:2'), frame, { kind: 'offline' }, frame, { kind: 'online' }, answered('e:20')], anew);
  expect(log).toEqual(['subscribe since undefined', 'ready', 'subscribed', 'frame', 'subscribe since undefined', 'subscribed']);
});

test('a position that cannot be read is refused and changes nothing', () => {
  const { session } = run([{ kind: 'online' }, answered('e:2')]);
  expect(() => reduceSession(session, arrives('nonsense' as Position))).toThrow(HubError);
});

/** What the world does to one subscription, seen from the hub. */
const action = fc.oneof(
  { weight: 10, arbitrary: fc.constant('publish' as const) },
  { weight: 2, arbitrary: fc.constant('publish-unheard' as const) },
  { weight: 4, arbitrary: fc.constant('answer' as const) },
  { weight: 2, arbitrary: fc.constant('repeat-old' as const) },
  { weight: 2, arbitrary: fc.constant('cut' as const) },
  { weight: 1, arbitrary: fc.constant('trim' as const) },
  { weight: 1, arbitrary: fc.constant('reset' as const) },
);

test('whatever is lost, repeated, trimmed or reset: messages come in order, once, and every hole is told', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
      const world = new World();
      for (const act of [...actions, 'cut' as const, 'answer' as const]) world.act(act);
      world.settle();
      world.check();
    }),
    { numRuns: 500 },
  );
});

/** A hub's room and one session on it; every message that the session gives is held against what was published. */
class World {
  #session = startSession({ room: ROOM, last: 3 });
  #epoch = 1;
  #first = 1;
  #last = 0;
  #asked: string | undefined | null = null;
  #online = false;
  readonly #given: (Position | 'gap')[] = [];

  act(act: string): void {
    if (!this.#online) {
      this.#online = true;
      this.#feed({ kind: 'online' });
    }
    if (act === 'publish') this.#publish(true);
    else if (act === 'publish-unheard') this.#publish(false);
    else if (act === 'answer') this.#answer();
    else if (act === 'repeat-old' && this.#last > 0) this.#feed(arrives(formatPosition(`e${this.#epoch}`, Math.ceil(this.#last / 2))));
    else if (act === 'trim') this.#first = Math.max(this.#first, this.#last - 1);
    else if (act === 'reset') [this.#epoch, this.#first, this.#last] = [this.#epoch + 1, 1, 0];
    else if (act === 'cut') {
      this.#online = false;
      this.#asked = null;
      this.#feed({ kind: 'offline' });
    }
  }

  /** Lets everything that is under way come to rest on a good connection. */
  settle(): void {
    for (let i = 0; i < 5; i++) {
      this.act('publish');
      this.act('answer');
      this.#feed({ kind: 'wake' });
      this.act('answer');
    }
  }

  check(): void {
    let before: { epoch: string; seq: number } | undefined;
    let told = false;
    for (const given of this.#given) {
      if (given === 'gap') told = true;
      else {
        const at = parsePosition(given);
        if (before?.epoch === at.epoch) expect(at.seq).toBeGreaterThan(before.seq);
        if (before && !told) expect(`${at.epoch}:${at.seq}`).toBe(`${before.epoch}:${before.seq + 1}`);
        before = at;
        told = false;
      }
    }
    expect(before && `${before.epoch}:${before.seq}`).toBe(`e${this.#epoch}:${this.#last}`);
  }

  #publish(heard: boolean): void {
    this.#last++;
    if (heard && this.#online) this.#feed(arrives(formatPosition(`e${this.#epoch}`, this.#last)));
  }

  #answer(): void {
    if (this.#asked === null || this.#session.phase.at !== 'subscribing') return;
    const since = this.#asked === undefined ? undefined : parsePosition(this.#asked);
    this.#asked = null;
    const reachable = since?.epoch === `e${this.#epoch}` && since.seq >= this.#first - 1 && since.seq <= this.#last;
    const from = reachable ? since.seq : Math.max(this.#first - 1, this.#last - 3);
    const kept = Array.from({ length: this.#last - from }, (_, i) => formatPosition(`e${this.#epoch}`, from + i + 1));
    this.#feed(answered(formatPosition(`e${this.#epoch}`, this.#last), kept, reachable));
  }

  #feed(event: SessionEvent): void {
    const [session, effects] = reduceSession(this.#session, event);
    this.#session = session;
    for (const effect of effects) {
      if (effect.do === 'subscribe') this.#asked = effect.request.since;
      if (effect.do !== 'emit') continue;
      if (effect.emission.event === 'message') this.#given.push(effect.emission.payload.position);
      if (effect.emission.event === 'gap') this.#given.push('gap');
    }
  }
}
