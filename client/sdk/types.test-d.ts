/** What must not compile. `tsc --noEmit` reads this file; nothing runs it. */
import type { Hub, Job, Message } from './roomcast.js';
import { connect, isMessageOf } from './roomcast.js';

interface Chat {
  text: string;
}

export function rooms(hub: Hub): void {
  const room = hub.room<Chat>('chat:lobby', { last: 50 });
  room.on('message', (message: Message<Chat>) => message.data.text);
  room.publish({ text: 'hello' });
  room.publish({ target: 'e:1', text: 'better' }, { type: 'edit' });
  room.publish({ text: 'mine' }, { type: 'poll' });
  // @ts-expect-error a room is kind:name
  hub.room('lobby');
  // @ts-expect-error not what this room's messages carry
  room.publish({ words: 'hello' });
  // @ts-expect-error an edit names its target
  room.publish({ text: 'better' }, { type: 'edit' });
  // @ts-expect-error a reaction is on or off
  room.publish({ target: 'e:1', emoji: '+1', on: 'yes' }, { type: 'reaction' });
  // @ts-expect-error no such event
  room.on('massage', () => {});
  // @ts-expect-error a presence change has no text
  room.on('presence', (change) => change.text);
  // @ts-expect-error `last` is a number
  hub.room('chat:lobby', { last: '50' });
  // @ts-expect-error a position is epoch:seq
  void room.history({ before: 12 });
}

export function views(hub: Hub): void {
  const logs = hub.logs('logs:api', { filter: { level: 'warn', fields: { status: '5*' } }, skip: true });
  logs.on('lines', ({ lines, skipped }) => lines.map(({ text }) => text).length + skipped);
  logs.setFilter({ text: 'timeout' });
  hub.metrics('metrics:web', { series: ['cpu'], rates: ['*_total'], quantiles: [0.99], binary: true, points: 200, downsample: 'lttb' });
  // @ts-expect-error no such level
  logs.setFilter({ level: 'loud' });
  // @ts-expect-error a log room has lines, not messages
  logs.on('message', () => {});
  // @ts-expect-error quantiles are numbers
  hub.metrics('metrics:web', { quantiles: ['0.99'] });
}

export async function requests(hub: Hub): Promise<void> {
  const { messages, more } = await hub.request('history', { room: 'chat:lobby', limit: 5 });
  const done: boolean = more && messages.length > 0;
  void done;
  // @ts-expect-error the limit is a number
  await hub.request('history', { room: 'chat:lobby', limit: 'five' });
  // @ts-expect-error no such event
  await hub.request('histories', { room: 'chat:lobby' });
  // @ts-expect-error a publication needs its id
  await hub.request('publish', { room: 'chat:lobby', data: {} });
  const answer = await hub.request('job:get', { jobId: 'x' });
  // @ts-expect-error an answer to job:get has no position
  answer.position;
  const own = await hub.call<{ votes: number }>('vote', { up: true });
  // @ts-expect-error the application's answer has no such field
  own.voters;
}

export async function jobs(hub: Hub): Promise<void> {
  const hits: number = await hub.run<number>('search', { text: 'x' }, { onProgress: ({ done }) => done.toFixed() });
  void hits;
  // @ts-expect-error the result is a number
  const text: string = await hub.run<number>('search', {});
  void text;
  const job: Job<number> = await hub.submit<number>('search', {}, { key: 'k' });
  // @ts-expect-error a job's state is read, not written
  job.state = undefined;
  // @ts-expect-error no such state
  job.onState(({ state }) => state === 'finished');
  const [letter] = await hub.jobs({ state: 'failed', limit: 5 });
  letter?.error?.code.trim();
  // @ts-expect-error only failed jobs have a list of their own
  await hub.jobs({ state: 'done' });
  const { failures } = await job.details();
  // @ts-expect-error an attempt has no result
  failures[0]?.result;
  // @ts-expect-error what was discarded has no state
  (await job.discard()).state;
}

export function metricsAndOptions(hub: Hub, message: Message): void {
  const room = hub.metrics('metrics:host', { maxHz: 2 });
  room.on('frame', ({ names, values }) => names.map((name, i) => `${name} ${values[i]?.toFixed()}`));
  // @ts-expect-error a frame by names has no numbers of series
  room.on('frame', ({ series }) => series);
  // @ts-expect-error the values are the room's to change
  room.latest.set('cpu', { t: 0, value: 1 });
  // @ts-expect-error no such store
  connect('http://localhost:3000', { outbox: 'disk' });
  // @ts-expect-error a token is text
  connect('http://localhost:3000', { token: () => 5 });
  if (isMessageOf(message, 'reaction')) message.data.emoji.trim();
  // @ts-expect-error a message's data is unknown until its type is
  message.data.emoji;
  // @ts-expect-error what the hub sends has a known shape
  hub.socket.on('message', ({ words }) => words);
  // @ts-expect-error what the hub is sent has a known shape
  hub.socket.emit('typing', { rooms: 'chat:lobby' });
}
