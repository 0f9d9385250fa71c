import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { waitFor } from '../../test/support/wait.js';
import { type Frame, MessageFrame } from './frame.js';
import { NOTHING, Turn, type TurnGroup, type TurnWriter } from './turn.js';

class Writer implements TurnWriter {
  own = NOTHING;
  first: TurnGroup | undefined;
  more: TurnGroup[] | undefined;
  readonly writes: Buffer[] = [];
  constructor(readonly takesCompressed = false) {}
  write(bytes: Buffer): void {
    this.writes.push(bytes);
  }
  /** One letter per message. */
  get heard(): string {
    return Buffer.concat(this.writes)
      .toString()
      .replace(/[^a-z]/g, '');
  }
}

const group = (...members: Writer[]): TurnGroup => ({ members, frames: [], places: [] });
const letter = (text: string) => new MessageFrame(text);
const turnEnd = () => new Promise((resolve) => setImmediate(resolve));

test('what a turn sends to a room is one write to each member, and the same bytes for all', async () => {
  const turn = new Turn({ windowMs: 0 });
  const members = [new Writer(), new Writer(), new Writer()];
  const room = group(...members);
  for (const text of ['a', 'b', 'c']) turn.toGroup(room, letter(text));
  expect(members[0]!.writes).toEqual([]);
  await turnEnd();
  expect(members.map(({ heard }) => heard)).toEqual(['abc', 'abc', 'abc']);
  expect(new Set(members.flatMap(({ writes }) => writes)).size).toBe(1);
});

test('what is for one stands where it was sent', async () => {
  const turn = new Turn({ windowMs: 0 });
  const [one, other] = [new Writer(), new Writer()];
  const room = group(one, other);
  turn.toOne(one, letter('a'));
  turn.toGroup(room, letter('b'));
  turn.toOne(one, letter('c'));
  turn.toGroup(room, letter('d'));
  await turnEnd();
  expect([one.heard, other.heard]).toEqual(['abcd', 'bd']);
  expect(one.writes).toHaveLength(1);
});

test('the next turn begins empty', async () => {
  const turn = new Turn({ windowMs: 0 });
  const one = new Writer();
  const room = group(one);
  turn.toGroup(room, letter('a'));
  await turnEnd();
  turn.toOne(one, letter('b'));
  await turnEnd();
  turn.toGroup(room, letter('c'));
  await turnEnd();
  expect(one.writes).toHaveLength(3);
  expect(one.heard).toBe('abc');
});

test('flush writes at once, and the end of the turn what comes behind it', async () => {
  const turn = new Turn({ windowMs: 0 });
  const one = new Writer();
  turn.toOne(one, letter('a'));
  turn.flush();
  expect(one.heard).toBe('a');
  turn.toOne(one, letter('b'));
  await turnEnd();
  expect(one.heard).toBe('ab');
});

test('a turn with something that is still being compressed waits for it, unless it is flushed', async () => {
  for (const isFlushed of [false, true]) {
    let finish = () => {};
    const slow: Frame = {
      pending: new Promise<void>((resolve) => (finish = resolve)),
      size: () => 1,
      write: (target, at) => target.write('s', at) + at,
    };
    const turn = new Turn({ windowMs: 0 });
    const one = new Writer();
    turn.toOne(one, slow);
    turn.toOne(one, letter('b'));
    await turnEnd();
    await turnEnd();
    expect(one.heard).toBe('');
    if (isFlushed) turn.flush();
    else finish();
    await waitFor(() => one.heard === 'sb');
  }
});

test('with a window, turns that follow each other closely are written together; one that comes alone is not', async () => {
  const turn = new Turn({ windowMs: 5 });
  const one = new Writer();
  turn.toOne(one, letter('a'));
  await turnEnd();
  expect(one.writes).toHaveLength(1);
  const turns = 200;
  for (let i = 0; i < turns; i++) {
    turn.toOne(one, letter('b'));
    await turnEnd();
  }
  await waitFor(() => one.heard.length === turns + 1);
  expect(one.writes.length).toBeLessThan(turns / 2);
});

/** Each step goes to one writer, or to the members of one room. */
test('each gets its messages in the order in which they were sent, whoever else gets them', async () => {
  const step = fc.record({
    to: fc.constantFrom<'one' | 'room' | 'flush' | 'turn'>('one', 'room', 'room', 'flush', 'turn'),
    index: fc.nat(5),
  });
  const memberships = fc.array(fc.uniqueArray(fc.nat(4), { maxLength: 5 }), { minLength: 6, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(memberships, fc.array(step, { maxLength: 60 }), async (rooms, steps) => {
      const turn = new Turn({ windowMs: 0 });
      const writers = Array.from({ length: 6 }, (_, i) => new Writer(i % 2 === 1));
      const groups = rooms.map((members) => group(...members.map((member) => writers[member]!)));
      const expected = writers.map(() => '');
      for (const [i, { to, index }] of steps.entries()) {
        const text = String.fromCharCode(97 + (i % 26));
        if (to === 'flush') turn.flush();
        else if (to === 'turn') await turnEnd();
        else if (to === 'one') {
          turn.toOne(writers[index]!, letter(text));
          expected[index] += text;
        } else {
          turn.toGroup(groups[index]!, letter(text));
          for (const member of rooms[index]!) expected[member] += text;
        }
      }
      await turnEnd();
      expect(writers.map(({ heard }) => heard)).toEqual(expected);
    }),
  );
});
