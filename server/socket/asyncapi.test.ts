import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { z } from 'zod';
import { encodeFrame } from '../../shared/frame-codec.js';
import type { Ack, ClientToServerEvents, Message, Notice, ServerToClientEvents } from '../../shared/protocol.js';
import * as schemas from '../../shared/schemas.js';
import { accepted, bare, faultsOf, type Node, RANGE, readDescription } from '../../test/support/api-description.js';
import { ROOT } from '../../test/support/files.js';

const description = readDescription('asyncapi.yaml');
const receives = Object.entries<Node>(description.operations).filter(([, { action }]) => action === 'receive');
const sends: Node[] = Object.values<Node>(description.operations).flatMap(({ action, messages }) => (action === 'send' ? messages : []));

/** The names of an interface's members, from the source: types leave nothing behind at run time. */
function membersOf(name: string): string[] {
  const source = readFileSync(join(ROOT, 'shared/protocol.ts'), 'utf8');
  const body = source.split(`export interface ${name} {`)[1]?.split('\n}')[0];
  return [...(body ?? '').matchAll(/^ {2}'?([\w:]+)'?:/gm)].map(([, member]) => member!);
}

test('every client-to-server event is described, and no other', () => {
  expect(receives.map(([name]) => name).sort()).toEqual(membersOf('ClientToServerEvents').sort());
  for (const [name, { messages }] of receives) expect(messages.map((message: Node) => message.name)).toEqual([name]);
});

test('every server-to-client event is described, and no other', () => {
  expect(sends.map(({ name }) => name).sort()).toEqual(membersOf('ServerToClientEvents').sort());
});

const REQUESTS: Record<keyof ClientToServerEvents, z.ZodType> = {
  subscribe: schemas.subscribeSchema,
  unsubscribe: schemas.unsubscribeSchema,
  publish: schemas.publishSchema,
  history: schemas.historySchema,
  range: schemas.rangeSchema,
  presence: schemas.presenceSchema,
  typing: schemas.typingSchema,
  'job:submit': schemas.jobSubmitSchema,
  'job:get': schemas.jobGetSchema,
  'job:cancel': schemas.jobCancelSchema,
  'job:list': schemas.jobListSchema,
  'job:details': schemas.jobDetailsSchema,
  'job:retry': schemas.jobRetrySchema,
  'job:discard': schemas.jobDiscardSchema,
  'auth:refresh': schemas.authRefreshSchema,
};

test.each(Object.entries(REQUESTS))('[P15] %s is described as it is checked, and its examples pass', (name, schema) => {
  const [message] = description.operations[name].messages;
  expect(bare(message.payload)).toEqual(accepted(schema));
  for (const { payload } of message.examples) expect(schema.safeParse(payload).error).toBeUndefined();
});

const user = { id: 'alice', name: 'Alice' };
const message: Message = { room: 'chat:lobby', position: 'a1:1', id: 'm1', type: 'text', from: user, time: 1, data: { text: 'hello' } };
const error = { code: 'busy', message: 'later', retry: 'later', retryAfterMs: 5 } as const;
const state = {
  jobId: 'j1',
  name: 'search',
  state: 'active',
  revision: 2,
  place: 3,
  createdAt: 1,
  startedAt: 2,
  endedAt: 3,
  progress: { done: 0.5, note: 'half', data: [1] },
  result: 1,
  error: { code: 'internal', message: 'no' },
} as const;
const metrics = {
  names: ['cpu'],
  latest: { series: [0], t: [1], values: [2] },
  backfill: [{ t: 1, series: [0], values: [2] }],
};

/** A payload of every event with every field that its type has. */
const SENT: { [Event in keyof ServerToClientEvents]: Required<Parameters<ServerToClientEvents[Event]>[0]>[] } = {
  welcome: [{ protocol: 1, user, time: 1, idWindowMs: 600_000, expiresAt: 5 }],
  message: [message],
  frame: [{ room: 'metrics:host', position: 'a1:1', t: 1, series: [0], values: [2], ago: [0], names: { 0: 'cpu' } }],
  'frame:bytes': [encodeFrame({ room: 'metrics:host', t: 1, series: [0], values: [2] })],
  lines: [{ room: 'logs:api', after: 'a1:1', position: 'a1:3', lines: [{ text: 'out of disk', level: 'error' }], skipped: 2 }],
  presence: [{ room: 'chat:lobby', joined: [user], left: [user], count: 1 }],
  typing: [{ room: 'chat:lobby', user }],
  job: [{ ...state, progress: { ...state.progress, data: [1] }, room: 'job:j1', position: 'a1:2' }],
  notice: [
    { kind: 'gap', room: 'chat:lobby', position: 'a1:1' },
    { kind: 'lagging', room: 'chat:lobby', dropped: 1, behind: 3 },
    { kind: 'reconnect', afterMs: 10 },
    { kind: 'closing', error },
    { kind: 'error', event: 'publish', error },
  ] satisfies Required<Notice>[],
};

/** The payload that an acknowledgement is called with, of each event, with every field. */
const ANSWERED: { [Event in keyof ClientToServerEvents]: Parameters<NonNullable<Parameters<ClientToServerEvents[Event]>[1]>>[0] } = {
  subscribe: {
    ok: true,
    room: 'chat:lobby',
    position: 'a1:1',
    recovered: true,
    messages: [message],
    presence: { count: 1, users: [user], cursor: 'a' },
    metrics,
    lines: [{ text: 'out of disk', time: 1, level: 'error', source: 'api', fields: { status: 504 } }],
  },
  unsubscribe: { ok: true },
  publish: { ok: true, id: 'm1', position: 'a1:1', time: 1, repeated: true },
  history: { ok: true, messages: [message], more: false },
  range: { ok: true, ...RANGE },
  presence: { ok: true, room: 'chat:lobby', count: 1, users: [user], cursor: 'a' },
  typing: { ok: true },
  'job:submit': { ok: true, ...state },
  'job:get': { ok: true, ...state },
  'job:cancel': { ok: true, ...state },
  'job:list': { ok: true, jobs: [state] },
  'job:details': { ok: true, job: state, owner: 'alice', input: {}, attempt: 1, attempts: 2, timeoutMs: 1_000, crashes: 0, failures: [] },
  'job:retry': { ok: true, ...state },
  'job:discard': { ok: true },
  'auth:refresh': { ok: true, expiresAt: 1 },
};

/** Properties that an object's schema names and the sample lacks: they are in no type of ours. */
const unknownTo = (schema: Node, sample: object) => Object.keys(schema.properties ?? {}).filter((property) => !(property in sample));

test.each(Object.entries(SENT))('%s is described as its type has it', (name, payloads) => {
  const { payload: schema } = sends.find((sent) => sent.name === name);
  const variants: Node[] = schema.oneOf ?? [schema];
  for (const [index, payload] of payloads.entries()) {
    expect(faultsOf(schema, payload)).toEqual([]);
    expect(unknownTo(variants[index], payload)).toEqual([]);
  }
  expect(payloads).toHaveLength(variants.length);
});

test.each(Object.entries(ANSWERED))('[P12] [P19] the acknowledgement of %s is described as its type has it', (name, answer) => {
  const [accepted, refused] = description.operations[name].reply.messages;
  expect(faultsOf(accepted.payload, answer)).toEqual([]);
  expect(unknownTo(accepted.payload, answer)).toEqual([]);
  const refusal = { ok: false, error } satisfies Ack<never>;
  expect(faultsOf(refused.payload, refusal)).toEqual([]);
  expect(faultsOf(accepted.payload, refusal)).not.toEqual([]);
});
