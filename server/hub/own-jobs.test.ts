import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { HubError } from '../../shared/errors.js';
import { openMemoryHub } from '../../test/support/memory-hub.js';
import { testScope } from '../../test/support/scope.js';

const scope = testScope();

async function open() {
  const hub = await openMemoryHub(scope);
  hub.job('add', {
    input: z.strictObject({ a: z.number(), b: z.number() }),
    run: async ({ a, b }, { progress }) => {
      progress(0.5, { note: 'half' });
      await new Promise(setImmediate);
      return a + b;
    },
  });
  hub.job('fail', { input: z.strictObject({ text: z.string() }), run: ({ text }) => Promise.reject(new HubError('not_found', text)) });
  hub.job('hang', { input: z.unknown(), run: () => new Promise(() => {}) });
  return hub;
}

test('a program runs jobs on its own hub: results, progress, refusals and failures', async () => {
  const hub = await open();
  expect(await hub.run('add', { a: 1, b: 2 })).toBe(3);
  await expect(hub.run('fail', { text: 'no such thing' })).rejects.toMatchObject({ code: 'not_found', message: 'no such thing' });
  await expect(hub.run('add', { a: 'one' })).rejects.toMatchObject({ code: 'invalid' });
  await expect(hub.run('nothing', {})).rejects.toMatchObject({ code: 'unknown_job' });
  const submitted = await hub.submit('add', { a: 1, b: 2 }, { key: 'k' });
  expect((await hub.submit('add', { a: 1, b: 2 }, { key: 'k' })).jobId).toBe(submitted.jobId);
  expect(await hub.run('add', { a: 5, b: 5 }, { key: 'k' })).toBe(3);
});

test('an aborted run is cancelled and rejects with the reason', async () => {
  const hub = await open();
  const stop = new AbortController();
  const run = hub.run('hang', {}, { key: 'k', signal: stop.signal });
  const { jobId } = await hub.submit('hang', {}, { key: 'k' });
  const other = hub.run('hang', {}, { key: 'k' });
  await hub.submit('hang', {}, { key: 'k' });
  stop.abort(new Error('enough'));
  await expect(run).rejects.toThrow('enough');
  await expect(other).rejects.toMatchObject({ code: 'closing' });
  expect((await hub.submit('hang', {}, { key: 'k' })).jobId).not.toBe(jobId);
  await expect(hub.run('hang', {}, { signal: stop.signal })).rejects.toThrow('enough');
});
