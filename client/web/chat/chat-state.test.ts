import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Message } from '../../../shared/protocol.js';
import { type ChatState, chatReducer, EMPTY_CHAT, KEPT_FOLLOWING } from './chat-state.js';

const ANN = { id: 'ann', name: 'Ann' };
const BOB = { id: 'bob', name: 'Bob' };

function message(seq: number, data: unknown, { type = 'text', from = ANN, epoch = 'e1' } = {}): Message {
  return { room: 'chat:x', position: `${epoch}:${seq}`, id: `${epoch}-${seq}`, type, from, time: seq * 1000, data };
}
const edit = (seq: number, target: number, text: string, from = ANN) =>
  message(seq, { target: `e1:${target}`, text }, { type: 'edit', from });
const remove = (seq: number, target: number, from = ANN) => message(seq, { target: `e1:${target}` }, { type: 'delete', from });
const react = (seq: number, target: number, on: boolean, from = ANN, emoji = '👍') =>
  message(seq, { target: `e1:${target}`, emoji, on }, { type: 'reaction', from });

function received(state: ChatState, ...messages: Message[]): ChatState {
  return chatReducer(state, { kind: 'received', messages, keep: KEPT_FOLLOWING });
}

test('a message is shown once and in its place, however often and late it comes', () => {
  const state = received(
    EMPTY_CHAT,
    message(3, { text: 'c' }),
    message(1, { text: 'a' }),
    message(3, { text: 'c' }),
    message(2, { text: 'b' }),
  );
  expect(state.messages.map(({ text }) => text)).toEqual(['a', 'b', 'c']);
  expect([state.oldest, state.newest]).toEqual([1, 3]);
});

test("the author's edit and deletion count, another user's do not", () => {
  const state = received(EMPTY_CHAT, message(1, { text: 'mine' }), edit(2, 1, 'forged', BOB), remove(3, 1, BOB));
  expect(state.messages[0]).toMatchObject({ text: 'mine', edited: false, deleted: false });
  const edited = received(state, edit(4, 1, 'mine, better'));
  expect(edited.messages[0]).toMatchObject({ text: 'mine, better', edited: true });
  const deleted = received(edited, remove(5, 1), edit(6, 1, 'back?'), react(7, 1, true, BOB));
  expect(deleted.messages[0]).toMatchObject({ text: '', deleted: true, reactions: [] });
});

test('of one user and emoji the last reaction counts, and users are counted once', () => {
  const state = received(
    EMPTY_CHAT,
    message(1, { text: 'x' }),
    react(2, 1, true),
    react(3, 1, true),
    react(4, 1, true, BOB),
    react(5, 1, false),
  );
  expect(state.messages[0]?.reactions).toEqual([{ emoji: '👍', users: [BOB] }]);
  expect(received(state, react(6, 1, false, BOB)).messages[0]?.reactions).toEqual([]);
});

test('changes that come before their target, as with history read backwards, apply when it comes', () => {
  const late = received(EMPTY_CHAT, edit(10, 1, 'second'), react(11, 1, true, BOB));
  const state = chatReducer(late, { kind: 'older', messages: [message(1, { text: 'first' }), edit(2, 1, 'in between')], more: false });
  expect(state.messages[0]).toMatchObject({ text: 'second', edited: true, reactions: [{ emoji: '👍' }] });
  expect(state.more).toBe(false);
});

test('malformed changes and changes of another epoch are ignored', () => {
  const bad = [
    message(2, { target: 'e1:1' }, { type: 'edit' }),
    message(3, { target: 'nowhere', text: 'x' }, { type: 'edit' }),
    message(4, { target: 'e0:1', text: 'x' }, { type: 'edit' }),
    message(5, null, { type: 'delete' }),
    message(6, { target: 'e1:1', emoji: 'x'.repeat(33), on: true }, { type: 'reaction' }),
    message(7, 7, { type: 'reaction' }),
  ];
  expect(received(EMPTY_CHAT, message(1, { text: 'kept' }), ...bad).messages).toMatchObject([
    { text: 'kept', edited: false, reactions: [] },
  ]);
});

test('what has no text is shown as what it is, not lost', () => {
  const state = received(
    EMPTY_CHAT,
    message(1, 'plain'),
    message(2, { temperature: 3 }),
    message(3, null),
    message(4, {}, { type: 'custom' }),
  );
  expect(state.messages.map(({ text }) => text)).toEqual(['plain', '{"temperature":3}', 'null']);
});

test('in whatever order the log arrives, the same messages stand at the end', () => {
  const user = fc.constantFrom(ANN, BOB);
  const step = fc.oneof(
    user.map((from) => (seq: number) => message(seq, { text: `t${seq}` }, { from })),
    fc.tuple(fc.nat(12), user).map(
      ([target, from]) =>
        (seq: number) =>
          edit(seq, target, `e${seq}`, from),
    ),
    fc.tuple(fc.nat(12), user).map(
      ([target, from]) =>
        (seq: number) =>
          remove(seq, target, from),
    ),
    fc.tuple(fc.nat(12), fc.boolean(), user).map(
      ([target, on, from]) =>
        (seq: number) =>
          react(seq, target, on, from),
    ),
  );
  const log = fc.array(step, { maxLength: 30 }).map((steps) => steps.map((make, index) => make(index + 1)));
  const shuffled = log.chain((messages) => fc.tuple(fc.constant(messages), fc.shuffledSubarray(messages, { minLength: messages.length })));
  fc.assert(
    fc.property(shuffled, ([inOrder, mixed]) => {
      expect(received(EMPTY_CHAT, ...mixed).messages).toEqual(received(EMPTY_CHAT, ...inOrder).messages);
    }),
  );
});

test('an own message leaves the outgoing ones when the log has it, and a retry takes the place of the failure', () => {
  const own = { id: 'e1-1', text: 'hi', time: 1, state: 'queued' } as const;
  let state = chatReducer(EMPTY_CHAT, { kind: 'outgoing', message: own });
  state = chatReducer(state, { kind: 'delivery', id: own.id, state: 'failed', error: 'no' });
  expect(state.outgoing).toMatchObject([{ state: 'failed', error: 'no' }]);
  state = chatReducer(state, { kind: 'outgoing', message: own });
  expect(state.outgoing).toEqual([own]);
  state = received(state, message(1, { text: 'hi' }));
  expect([state.outgoing, state.messages.length]).toEqual([[], 1]);
});

test('a gap is marked once where it is; another epoch starts over', () => {
  let state = received(EMPTY_CHAT, message(1, { text: 'a' }), message(2, { text: 'b' }));
  state = chatReducer(state, { kind: 'gap', after: 'e1:2', position: 'e1:9' });
  state = chatReducer(state, { kind: 'gap', position: 'e1:9' });
  state = received(state, message(10, { text: 'c' }));
  expect(state).toMatchObject({ gaps: [{ after: 2, lost: false }], newest: 10 });
  const restarted = received(state, message(4, { text: 'new' }, { epoch: 'e2' }));
  expect(restarted).toMatchObject({ epoch: 'e2', oldest: 4, newest: 4, gaps: [{ after: 0, lost: true }], messages: [{ text: 'new' }] });
  const stale = chatReducer(restarted, { kind: 'older', messages: [message(1, { text: 'a' })], more: true });
  expect(stale.messages).toHaveLength(1);
  expect(chatReducer(state, { kind: 'gap', after: 'e1:10', position: 'e2:3' })).toMatchObject({ epoch: 'e2', messages: [] });
});

test('a gap closes when the pages read into it reach what is held before it, and is lost where the log has no more', () => {
  let state = received(EMPTY_CHAT, message(2, { text: 'b' }));
  state = chatReducer(state, { kind: 'gap', after: 'e1:2', position: 'e1:9' });
  state = received(state, message(9, { text: 'i' }));
  const half = chatReducer(state, { kind: 'filled', after: 2, messages: [message(7, { text: 'g' })], more: true });
  expect(half.gaps).toEqual([{ after: 2, lost: false }]);
  const whole = chatReducer(half, {
    kind: 'filled',
    after: 2,
    messages: [message(3, { text: 'c' }), message(6, { text: 'f' })],
    more: true,
  });
  expect(whole.gaps).toEqual([]);
  expect(whole.messages.map(({ seq }) => seq)).toEqual([2, 3, 6, 7, 9]);
  expect(chatReducer(half, { kind: 'filled', after: 2, messages: [], more: false }).gaps).toEqual([{ after: 2, lost: true }]);
});

test('a room that never stops keeps its newest part, and what it lets go can be read again', () => {
  let state = EMPTY_CHAT;
  const log: Message[] = [];
  for (let seq = 1; seq <= 3 * KEPT_FOLLOWING; seq += 2)
    log.push(message(seq, { text: `${seq}` }), edit(seq + 1, Math.max(1, seq - 2), 'edited'));
  for (let at = 0; at < log.length; at += 100) state = received(state, ...log.slice(at, at + 100));
  const held = state.messages.length + [...state.changes.values()].flat().length;
  expect(held).toBeLessThanOrEqual(KEPT_FOLLOWING);
  expect(state.more).toBe(true);
  expect(state.newest).toBe(3 * KEPT_FOLLOWING);
  const older = log.slice(state.oldest - 51, state.oldest - 1);
  const back = chatReducer(state, { kind: 'older', messages: older, more: true });
  expect(back.messages.length).toBe(state.messages.length + 25);
  expect(back.messages.slice(0, 25).every(({ edited }) => edited)).toBe(true);
});

test('[P141] what the hub tells of a job has its place among the messages', () => {
  const job = { jobId: 'j', name: 'search', owner: 'ann', state: 'done', revision: 2, createdAt: 1 };
  const hub = { id: 'hub', name: 'hub' };
  const state = received(
    EMPTY_CHAT,
    message(2, job, { type: 'job', from: hub }),
    message(1, { text: 'a' }),
    message(3, job, { type: 'job', from: BOB }),
  );
  expect(state.messages.map(({ text, job: news }) => [text, news?.state])).toEqual([
    ['a', undefined],
    ['', 'done'],
  ]);
  expect(state.newest).toBe(3);
});
