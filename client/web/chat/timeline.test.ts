import { expect, test } from '@jest/globals';
import type { ChatMessage } from './chat-state.js';
import { timeline } from './timeline.js';

const NOON = new Date(2026, 0, 5, 12).getTime();
const MINUTE = 60_000;

function message(seq: number, author: string, time: number): ChatMessage {
  const from = { id: author, name: author };
  return { seq, position: `e:${seq}`, id: `${seq}`, from, time, text: `${seq}`, edited: false, deleted: false, reactions: [] };
}
const gap = (after: number) => ({ after, lost: false });
const none = { gaps: [], outgoing: [], selfId: 'me' };
const shape = (input: Parameters<typeof timeline>[0]) =>
  timeline(input).map((row) => (row.kind === 'message' || row.kind === 'outgoing' ? `${row.message.id}${row.first ? '*' : ''}` : row.kind));

test('messages of one author in quick succession are a group; another author, a pause and a day break it', () => {
  const messages = [
    message(1, 'a', NOON),
    message(2, 'a', NOON + MINUTE),
    message(3, 'b', NOON + 2 * MINUTE),
    message(4, 'a', NOON + 3 * MINUTE),
    message(5, 'a', NOON + 30 * MINUTE),
    message(6, 'a', NOON + 24 * 60 * MINUTE),
  ];
  expect(shape({ ...none, messages })).toEqual(['day', '1*', '2', '3*', '4*', '5*', 'day', '6*']);
});

test('a gap stands where messages are missing, also at the end, and only once', () => {
  const messages = [message(1, 'a', NOON), message(10, 'a', NOON + 1), message(11, 'a', NOON + 2)];
  expect(shape({ ...none, messages, gaps: [gap(4), gap(9)] })).toEqual(['day', '1*', 'gap', '10*', '11']);
  expect(shape({ ...none, messages, gaps: [gap(20)] })).toEqual(['day', '1*', '10', '11', 'gap']);
});

test("the unread border stands before the first unread message of somebody else's", () => {
  const messages = [message(1, 'a', NOON), message(2, 'me', NOON + 1), message(3, 'a', NOON + 2), message(4, 'a', NOON + 3)];
  expect(shape({ ...none, messages, readUpTo: 1 })).toEqual(['day', '1*', '2*', 'unread', '3*', '4']);
  expect(shape({ ...none, messages, readUpTo: 4 })).not.toContain('unread');
});

test('what is on its way follows the log and joins the own group', () => {
  const outgoing = [{ id: 'x', text: 'x', time: NOON + MINUTE, state: 'queued' as const }];
  expect(shape({ ...none, messages: [message(1, 'me', NOON)], outgoing })).toEqual(['day', '1*', 'x']);
  expect(shape({ ...none, messages: [message(1, 'a', NOON)], outgoing })).toEqual(['day', '1*', 'x*']);
  expect(shape({ ...none, messages: [], outgoing })).toEqual(['day', 'x*']);
});

test('keys are unique and the same after older messages came', () => {
  const messages = [1, 2, 3].map((seq) => message(seq, 'a', NOON + seq * 9 * MINUTE));
  const keys = (from: number) => timeline({ ...none, messages: messages.slice(from), gaps: [gap(2)] }).map(({ key }) => key);
  expect(new Set(keys(0)).size).toBe(keys(0).length);
  expect(keys(0).slice(-1)).toEqual(keys(2).slice(-1));
});

test('a job is a row between the groups, and its end tells that what was said of it before is over', () => {
  const news = { jobId: 'j', name: 'search', owner: 'a', state: 'queued', revision: 1, createdAt: NOON } as const;
  const hub = (seq: number, state: 'queued' | 'done', jobId = 'j') => ({
    ...message(seq, 'hub', NOON + seq),
    job: { ...news, jobId, state },
  });
  const messages = [message(1, 'a', NOON), hub(2, 'queued'), hub(3, 'queued', 'k'), hub(4, 'done'), message(5, 'a', NOON + 5)];
  const rows = timeline({ ...none, messages });
  expect(rows.map((row) => (row.kind === 'job' ? [row.news.jobId, row.news.state, row.over] : row.kind))).toEqual([
    'day',
    'message',
    ['j', 'queued', true],
    ['k', 'queued', false],
    ['j', 'done', true],
    'message',
  ]);
  expect(rows.at(-1)).toMatchObject({ first: true });
});
