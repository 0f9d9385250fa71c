import { expect, test } from '@jest/globals';
import type { LineBatch } from '../../shared/protocol.js';
import { reduceSession, type Session, type SessionEffect, startSession } from './room-session.js';

const ROOM = 'logs:x';
const WISH = { room: ROOM, view: { filter: {} } } as const;
const batch = (after: number, upTo: number, epoch = 'e'): LineBatch => ({
  room: ROOM,
  after: `${epoch}:${after}`,
  position: `${epoch}:${upTo}`,
  lines: [{ text: `up to ${upTo}` }],
});

/** A session that is live at `e:5`. */
function live(): Session {
  const [subscribing] = reduceSession(startSession(WISH), { kind: 'online' });
  return reduceSession(subscribing, { kind: 'answered', answer: { room: ROOM, position: 'e:5', recovered: false, messages: [] } })[0];
}

const arrive = (session: Session, given: LineBatch) => reduceSession(session, { kind: 'lines', batch: given });
const doings = (effects: readonly SessionEffect[]) => effects.map((effect) => effect.do);

test('[P101] a batch that begins where the session stands, or before, is given and moves it', () => {
  for (const after of [5, 3]) {
    const [session, effects] = arrive(live(), batch(after, 9));
    expect([session.cursor, doings(effects)]).toEqual(['e:9', ['emit']]);
  }
});

test('[P101] a batch that is old is left out', () => {
  for (const old of [batch(2, 5), batch(2, 4)]) {
    const [session, effects] = arrive(live(), old);
    expect([session.cursor, effects]).toEqual(['e:5', []]);
  }
});

test('[P101] [P102] a batch that begins later, or in another epoch, means a hole: the session asks again from where it stands', () => {
  for (const later of [batch(6, 9), batch(5, 9, 'f')]) {
    const [session, effects] = arrive(live(), later);
    expect(session.cursor).toBe('e:5');
    expect(effects).toEqual([{ do: 'subscribe', request: { room: ROOM, filter: {}, since: 'e:5' } }]);
  }
});

test('[P102] what came while away is given with the answer, behind a gap where it could not be continued', () => {
  const [asking] = arrive(live(), batch(6, 9));
  const lines = [{ text: 'missed' }];
  const answer = { room: ROOM, position: 'e:9', messages: [], lines } as const;
  for (const [recovered, events] of [
    [true, ['subscribed', 'lines', 'recovered']],
    [false, ['subscribed', 'gap', 'lines']],
  ] as const) {
    const [session, effects] = reduceSession(asking, {
      kind: 'answered',
      answer: { ...answer, messages: [], lines: [...lines], recovered },
    });
    expect(session.cursor).toBe('e:9');
    expect(effects.map((effect) => effect.do === 'emit' && effect.emission.event)).toEqual(events);
  }
});
