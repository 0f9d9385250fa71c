import { expect, test } from '@jest/globals';
import { JobBook } from './job-book.js';
import { completeJob, newJob, startJob } from './job-machine.js';
import { requestOf } from './job-queue.contract.js';

const limits = {
  queuedMax: 10,
  queuedMaxBytes: 1e6,
  endedMaxBytes: 100_000,
  endedPerOwnerMaxBytes: 50_000,
  retryAfterMs: 1,
};

/** Ended jobs of some 10,000 bytes each, one per holder and in that order. */
function bookOf(holders: readonly string[]): JobBook {
  const book = new JobBook(limits, () => 1_000);
  for (const [n, holder] of holders.entries()) {
    const queued = newJob(requestOf({ owner: `${holder}-${n}`, holder }), `${holder}-${n}`, n);
    book.put(completeJob(startJob(queued, n), 'x'.repeat(9_500), n));
  }
  return book;
}

test('a holder with more than its share of ended jobs loses its own oldest, and nobody else any', () => {
  const book = bookOf(['bob', ...Array(7).fill('ann'), 'cleo']);
  expect(book.forgettable()).toEqual(['ann-1', 'ann-2', 'ann-3']);
  expect(book.list({ limit: 10 }).map(({ state }) => state.jobId)).toEqual(['cleo-8', 'ann-7', 'ann-6', 'ann-5', 'ann-4', 'bob-0']);
  expect(book.forgettable()).toEqual([]);
});

test('of holders within their shares who have too much together, the oldest jobs go', () => {
  const book = bookOf(['ann', 'bob', 'cleo', 'ann', 'bob', 'cleo', 'ann', 'bob', 'cleo', 'dan', 'eve']);
  expect(book.forgettable()).toEqual(['ann-0', 'bob-1']);
});
