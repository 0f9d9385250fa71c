import { expect, test } from '@jest/globals';
import { HubError } from '../../shared/errors.js';
import type { JobNews, JobState } from '../../shared/protocol.js';
import type { SystemPublisher } from '../rooms/publisher.js';
import type { JobRecord } from './job-queue.js';
import { RoomNews } from './room-news.js';

const quiet = { info() {}, warn() {}, error() {} };

/** A room whose log takes each id once, refuses what comes too early, and fails with the failures given. */
function room(failures: HubError[] = []) {
  const messages: { room: string; type: string; id: string; data: JobNews }[] = [];
  const publisher = {
    async publish(room: string, type: string, data: JobNews, { id, after }: { id: string; after?: string }) {
      const failure = failures.shift();
      if (failure) throw failure;
      const has = (known: string) => messages.some((message) => message.id === known);
      if (after !== undefined && !has(after)) throw new HubError('out_of_order');
      if (!has(id)) messages.push({ room, type, id, data });
    },
  } as unknown as SystemPublisher;
  return { messages, news: () => new RoomNews(publisher, quiet) };
}

const state = (changes: Partial<JobState> = {}): JobState => ({
  ...{ jobId: 'a', name: 'export', state: 'queued', revision: 1, createdAt: Date.now() },
  ...changes,
});
const record = (changes: Partial<JobState> = {}): JobRecord => ({ state: state(changes), owner: 'ann', reaches: 'chat:x' });
const DONE = { state: 'done', revision: 1_000_001, endedAt: Date.now() } as const;

test('[P141] a room is told that a job was handed in and how it ended, and of nothing between', async () => {
  const { messages, news } = room();
  const here = news();
  here.take(record());
  here.take(record({ state: 'active', revision: 1_000_000 }));
  here.take(record({ state: 'active', revision: 1_000_001, progress: { done: 0.5 } }));
  here.take(record({ ...DONE, progress: { done: 1 }, result: { file: 'x.csv' } }));
  expect(await here.end('a')).toBe(true);
  expect(messages.map(({ room, type, id }) => [room, type, id])).toEqual([
    ['chat:x', 'job', 'a.r1'],
    ['chat:x', 'job', 'a.r1000001'],
  ]);
  expect(messages[0]!.data).toMatchObject({ jobId: 'a', name: 'export', state: 'queued', owner: 'ann' });
  expect(messages[1]!.data).toMatchObject({ state: 'done', owner: 'ann', result: { file: 'x.csv' } });
  expect(messages[1]!.data).not.toHaveProperty('progress');
});

test('a job that reaches no room tells none', async () => {
  const { messages, news } = room();
  const here = news();
  here.take({ state: state(), owner: 'ann' });
  here.take({ state: state(DONE), owner: 'ann' });
  expect(here.end('a')).toBeUndefined();
  await here.settled();
  expect(messages).toEqual([]);
});

test('[P141] what two processes tell is told once, the submission first, whoever hears of the end first', async () => {
  const { messages, news } = room();
  const [worker, submitter] = [news(), news()];
  worker.take(record(DONE));
  await worker.settled();
  submitter.take(record());
  submitter.take(record(DONE));
  await submitter.settled();
  expect(messages.map(({ id }) => id)).toEqual(['a.r1', 'a.r1000001']);
});

test('a submission of long ago is not told again with the end', async () => {
  const { messages, news } = room();
  const here = news();
  here.take(record({ ...DONE, createdAt: Date.now() - 60_000 }));
  expect(await here.end('a')).toBe(true);
  expect(messages.map(({ id }) => id)).toEqual(['a.r1000001']);
});

test('a large result is left for those who ask for it', async () => {
  const { messages, news } = room();
  const here = news();
  here.take(record());
  here.take(record({ ...DONE, result: 'x'.repeat(5_000) }));
  await here.settled();
  expect(messages[1]!.data).not.toHaveProperty('result');
});

test('a store that is away is waited for, and what is refused for good counts as told', async () => {
  const { messages, news } = room([new HubError('unavailable')]);
  const here = news();
  here.take(record());
  here.take(record(DONE));
  expect(await here.end('a')).toBe(true);
  expect(messages).toHaveLength(2);
  const refusing = room([new HubError('forbidden')]);
  const there = refusing.news();
  there.take(record(DONE));
  expect(await there.end('a')).toBe(true);
  expect(refusing.messages).toEqual([]);
});
