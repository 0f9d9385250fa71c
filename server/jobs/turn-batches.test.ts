import { expect, test } from '@jest/globals';
import { HubError } from '../../shared/errors.js';
import { gatherTurn } from './turn-batches.js';

test('what comes in one turn goes together, as much as a command may have, and each gets its own answer', async () => {
  const sent: number[][] = [];
  const double = gatherTurn(async (items: readonly number[]) => {
    sent.push([...items]);
    return items.map((item) => item * 2);
  }, 2);
  expect(await Promise.all([1, 2, 3].map(double))).toEqual([2, 4, 6]);
  expect(await double(4)).toBe(8);
  expect(sent).toEqual([[1, 2], [3], [4]]);
});

test('a command that fails is the failure of all that it has, and of no other', async () => {
  const send = gatherTurn(async (items: readonly number[]) => {
    if (items.includes(1)) throw new HubError('unavailable');
    return items;
  }, 2);
  const outcomes = await Promise.allSettled([1, 2, 3].map(send));
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
});
