import { expect, test } from '@jest/globals';
import type { Message } from '../../../shared/protocol.js';
import { endedJobs, jobNewsOf } from './job-news.js';

const queued = { jobId: 'j', name: 'search', owner: 'ann', state: 'queued', revision: 1, createdAt: 1 } as const;
const told = (data: unknown, from = 'hub', type = 'job'): Message => ({
  ...{ room: 'chat:x', position: 'e:1', id: '1', type, time: 1, data },
  from: { id: from, name: from },
});

test('[P141] what the hub says of a job is news; what others say, or what is malformed, is not', () => {
  expect(jobNewsOf(told(queued))).toBe(queued);
  const others = [
    told(queued, 'ann'),
    told(queued, 'hub', 'text'),
    told('x'),
    told(null),
    told({ ...queued, state: 'x' }),
    told({ jobId: 'j' }),
  ];
  expect(others.map(jobNewsOf)).toEqual(others.map(() => undefined));
});

test('a job whose end was told is over', () => {
  expect([...endedJobs([queued, { ...queued, jobId: 'k', state: 'failed' }])]).toEqual(['k']);
});
