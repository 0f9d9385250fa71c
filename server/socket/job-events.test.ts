import { expect, test } from '@jest/globals';
import { HubError } from '../../shared/errors.js';
import type { JobState } from '../../shared/protocol.js';
import { waitFor } from '../../test/support/wait.js';
import type { EventHandlers } from './event-handler.js';
import { addJobEvents, type JobCalls } from './job-events.js';

const queued: JobState = { jobId: 'j', name: 'n', state: 'queued', revision: 1, createdAt: 1 };
const done: JobState = { ...queued, state: 'done', revision: 2 };

type Story = Awaited<ReturnType<JobCalls['story']>>;

/** Hands a job in on a connection whose subscriptions go as `answers` say, one after the other; gives the acknowledgement and what was told. */
async function handIn(answers: (HubError | JobState[])[], { story, concerns = false }: { story?: Story; concerns?: boolean } = {}) {
  const told: JobState[] = [];
  const subscribe = async () => {
    const answer = answers.shift();
    if (!Array.isArray(answer)) throw answer;
    return () => ({ room: 'job:j', messages: answer.map((data) => ({ type: 'job', data, position: 'a:1' })) });
  };
  const socket = { connected: true, emit: (_: string, state: JobState) => told.push(state) };
  const handlers: EventHandlers = new Map();
  addJobEvents(handlers, { submit: async () => queued, story: async () => story } as unknown as JobCalls, 1);
  const context = { data: { name: 'n' }, principal: {}, connection: { socket, subscriptions: { subscribe, concerns: () => concerns } } };
  const acknowledged = (await handlers.get('job:submit')!.run(context as never)) as JobState;
  return { acknowledged, told, socket, answers };
}

const away = () => new HubError('unavailable');

test('[P62] a submitter hears of its job to the end, also when the store was away while it was acknowledged', async () => {
  const { acknowledged, told } = await handIn([away(), away(), [queued, done]]);
  expect(acknowledged).toEqual(queued);
  await waitFor(() => told.length === 2, { what: 'what the job said' });
  expect(told.map(({ state }) => state)).toEqual(['queued', 'done']);
});

test('a job is not followed for a connection that has ended, or that may not read its room', async () => {
  const refused = await handIn([away(), new HubError('forbidden'), [done]]);
  await waitFor(() => refused.answers.length === 1, { what: 'the refusal' });
  const ended = await handIn([away(), away(), [done]]);
  ended.socket.connected = false;
  const { told } = await handIn([away(), away(), [queued, done]]);
  await waitFor(() => told.length === 2, { what: 'another job that was tried later' });
  expect([refused.told, refused.answers.length, ended.told]).toEqual([[], 1, []]);
});

test('a job that has ended soon is told as its room has it, which is not entered; not where its client is there by itself', async () => {
  const story: Story = [
    { state: queued, position: 'a:1' },
    { state: done, position: 'a:2' },
  ];
  const there = await handIn([[done]], { story, concerns: true });
  const { told, answers } = await handIn([[done]], { story });
  await waitFor(() => told.length === 2, { what: 'what the job said' });
  expect(told).toEqual(story.map(({ state, position }) => ({ ...state, room: 'job:j', position })));
  expect([answers.length, there.told, there.answers.length]).toEqual([1, [], 1]);
});
