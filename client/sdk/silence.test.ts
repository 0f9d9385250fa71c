import { expect, test } from '@jest/globals';
import { type Ask, localRefusal } from './requests.js';
import { leaveWhenSilent } from './silence.js';

/** What a request ends with, and how much comes from the hub while it waits. */
interface Exchange {
  readonly end: 'ok' | 'timeout' | 'unavailable';
  readonly comes?: number;
}

const lost: Exchange = { end: 'timeout' };

/** After which of the requests, sent one after another, the connection was left. */
async function leaves(exchanges: readonly Exchange[]): Promise<number[]> {
  const left: number[] = [];
  let asked = 0;
  const connection = { heard: 0, leave: () => void left.push(asked) };
  const ask = (async () => {
    const { end, comes = 0 } = exchanges[asked++]!;
    connection.heard += comes;
    return end === 'ok' ? { ok: true, answer: {} } : { ok: false, refusal: localRefusal(end, end) };
  }) as Ask;
  const watched = leaveWhenSilent(ask, connection);
  for (const _ of exchanges) await watched('subscribe', { room: 'chat:lobby' });
  return left;
}

test('two requests without an answer and nothing else from the hub: the connection is left', async () => {
  expect(await leaves([lost])).toEqual([]);
  expect(await leaves([lost, lost])).toEqual([2]);
  expect(await leaves([{ end: 'ok', comes: 1 }, lost, { end: 'ok', comes: 1 }, lost, lost])).toEqual([5]);
});

test('whatever comes from the hub in between, it stays', async () => {
  const heard: Exchange = { end: 'timeout', comes: 1 };
  expect(await leaves([heard, heard, heard])).toEqual([]);
  expect(await leaves([lost, heard, lost])).toEqual([]);
  expect(await leaves([heard, lost, heard])).toEqual([]);
});

test('without a connection there is nothing to leave', async () => {
  expect(await leaves([{ end: 'unavailable' }, { end: 'unavailable' }])).toEqual([]);
});

test('requests that wait at the same time are one silence', async () => {
  let left = 0;
  const refusal = localRefusal('timeout', 'no answer');
  const watched = leaveWhenSilent((async () => ({ ok: false, refusal })) as Ask, { heard: 0, leave: () => left++ });
  const both = () => Promise.all([watched('subscribe', { room: 'chat:a' }), watched('subscribe', { room: 'chat:b' })]);
  await both();
  expect(left).toBe(0);
});
