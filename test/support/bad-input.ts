import { expect } from '@jest/globals';
import type { ErrorCode } from '../../shared/errors.js';
import type { Scope } from './scope.js';
import { connectClient, type StockClient } from './stock-client.js';

/** `{ a: { a: ... 1 } }`, so many levels deep. */
export function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let n = 0; n < levels; n++) value = n % 2 === 0 ? { a: value } : [value];
  return value;
}

const room = 'chat:bad';
const publish = (data: unknown, more: object = {}) => ['publish', { room, id: 'bad', data, ...more }] as const;

/** What a client may send by mistake or malice, and the code that it is answered with; the connection lives. */
const BAD_EVENTS: readonly (readonly [what: string, code: ErrorCode, event: string, ...payload: unknown[]])[] = [
  ['an event that nobody handles', 'unknown_event', 'no-such-event', {}],
  ["an object's own method as event", 'unknown_event', 'constructor', {}],
  ['a prototype as event', 'unknown_event', '__proto__', {}],
  ['no payload', 'invalid', 'subscribe'],
  ['null', 'invalid', 'subscribe', null],
  ['a text for an object', 'invalid', 'publish', 'text'],
  ['an array for an object', 'invalid', 'publish', [1, 2, 3]],
  ['a number for a room', 'invalid', 'subscribe', { room: 7 }],
  ['an object for a room', 'invalid', 'subscribe', { room: { toString: 'x' } }],
  ['a room without kind', 'invalid', 'subscribe', { room: 'lobby' }],
  ['a room without name', 'invalid', 'subscribe', { room: 'chat:' }],
  ['a room with a brace', 'invalid', 'subscribe', { room: 'chat:{x}' }],
  ['a room with a line break', 'invalid', 'subscribe', { room: 'chat:a\nb' }],
  ['a room of 64 KB', 'invalid', 'subscribe', { room: `chat:${'x'.repeat(65_536)}` }],
  ['a room of an unknown kind', 'unknown_kind', 'subscribe', { room: 'nope:x' }],
  ['a room kind out of the prototype', 'unknown_kind', 'subscribe', { room: 'constructor:x' }],
  ['a field that does not exist', 'invalid', 'subscribe', { room, force: true }],
  ['a since that is no position', 'invalid', 'subscribe', { room, since: 'yesterday' }],
  ['a since with an unsafe number', 'invalid', 'subscribe', { room, since: 'e:99999999999999999' }],
  ['too many last messages', 'invalid', 'subscribe', { room, last: 100_000 }],
  ['a negative number of last messages', 'invalid', 'subscribe', { room, last: -1 }],
  ['a room that it is not in', 'not_subscribed', 'unsubscribe', { room: 'chat:never' }],
  ['an id that is too long', 'invalid', ...publish(1, { id: 'x'.repeat(65) })],
  ['no id', 'invalid', 'publish', { room, data: 1 }],
  ['no data', 'invalid', 'publish', { room, id: 'bad' }],
  ['a type with odd characters', 'invalid', ...publish(1, { type: 'Not A Type' })],
  ['a payload over the limit', 'too_large', ...publish('x'.repeat(300 * 1024))],
  ['many small values over the limit', 'too_large', ...publish(Array.from({ length: 60_000 }, () => 'abcdefgh'))],
  ['a binary over the limit', 'too_large', ...publish(Buffer.alloc(300 * 1024))],
  ['33 levels', 'too_deep', ...publish(nested(33))],
  ['2,500 levels', 'too_deep', ...publish(nested(2_500))],
  ['binary for a room', 'invalid', 'subscribe', { room: Buffer.from('chat:x') }],
  ['binary for an id', 'invalid', 'publish', { room, id: Buffer.from('x'), data: 1 }],
  ['binary for a payload', 'invalid', 'publish', Buffer.from('{}')],
  ['two payloads', 'invalid', 'subscribe', { room }, { room }],
  ['an edit without its target', 'invalid', ...publish({ text: 'x' }, { type: 'edit' })],
  ['a job that does not exist', 'unknown_job', 'job:submit', { name: 'no-such-job', input: {} }],
  ['a job named like a method', 'unknown_job', 'job:submit', { name: 'constructor', input: {} }],
  ['the id of no job', 'unknown_job', 'job:get', { jobId: 'no-such-job' }],
  ['a history limit of a million', 'invalid', 'history', { room, limit: 1_000_000 }],
];

/** Sends each bad event and checks its answer; the connection must be the same one afterwards. */
export async function sendBadEvents(client: StockClient): Promise<void> {
  const { id } = client.socket;
  for (const [what, code, event, ...payload] of BAD_EVENTS) {
    expect({ what, answer: await client.ask(event, ...payload) }).toMatchObject({ what, answer: { ok: false, error: { code } } });
  }
  expect(client.socket.id).toBe(id);
}

/** A client in the room that must hear what follows, whatever another one does. */
export async function startWitness(scope: Scope, url: string): Promise<() => Promise<void>> {
  const witness = await connectClient(scope, url);
  const { id } = witness.socket;
  await witness.subscribe(room);
  return async () => {
    const proof = crypto.randomUUID();
    await witness.publish(room, { text: 'alive' }, { id: proof });
    await witness.hears(proof);
    expect(witness.socket.id).toBe(id);
    expect(witness.messages.map((message) => message.id)).not.toContain('bad');
  };
}
