import { expect, test } from '@jest/globals';
import { waitFor } from '../../test/support/wait.js';
import type { SessionStore } from './session-store.js';

const LONG_MS = 60_000;
/** Longer than a slow disk takes for a commit. */
const SHORT_MS = 300;

/** What every engine of the port does; `open` gives a store that is empty. */
export function sessionStoreContract(open: () => Promise<SessionStore>): void {
  test('a session is taken by its user, as it was saved last', async () => {
    const store = await open();
    await store.open('p', 'one', { user: 'ada', text: 'first' }, LONG_MS);
    expect(await store.save('p', 'one', 'second ü 🦊', LONG_MS)).toBe(true);
    expect(await store.take('p', 'two', 'ada', LONG_MS)).toBe('second ü 🦊');
    expect(await store.take('p', 'three', 'ada', LONG_MS)).toBe('second ü 🦊');
  });

  test('another user gets nothing and changes nothing, and nobody gets what there is not', async () => {
    const store = await open();
    await store.open('p', 'one', { user: 'ada', text: 'x' }, LONG_MS);
    expect(await store.take('p', 'two', 'eve', LONG_MS)).toBeUndefined();
    expect(await store.save('p', 'one', 'y', LONG_MS)).toBe(true);
    expect(await store.take('q', 'two', 'ada', LONG_MS)).toBeUndefined();
  });

  test('who lost a session to another owner neither changes nor ends it', async () => {
    const store = await open();
    await store.open('p', 'one', { user: 'ada', text: 'x' }, LONG_MS);
    await store.take('p', 'two', 'ada', LONG_MS);
    expect(await store.save('p', 'one', 'late', LONG_MS)).toBe(false);
    await store.remove('p', 'one');
    expect(await store.take('p', 'three', 'ada', LONG_MS)).toBe('x');
  });

  test('a session that was removed does not come back by being saved', async () => {
    const store = await open();
    await store.open('p', 'one', { user: 'ada', text: 'x' }, LONG_MS);
    await store.remove('p', 'one');
    expect(await store.save('p', 'one', 'y', LONG_MS)).toBe(false);
    expect(await store.take('p', 'two', 'ada', LONG_MS)).toBeUndefined();
  });

  test('a session ends after its time, which each save counts anew', async () => {
    const store = await open();
    await store.open('short', 'one', { user: 'ada', text: 'x' }, LONG_MS);
    await store.open('kept', 'one', { user: 'ada', text: 'x' }, SHORT_MS);
    expect(await store.save('kept', 'one', 'x', LONG_MS)).toBe(true);
    await store.save('short', 'one', 'x', SHORT_MS);
    // Each look counts anew, too.
    await waitFor(async () => (await store.take('short', 'one', 'ada', SHORT_MS)) === undefined, { intervalMs: 2 * SHORT_MS });
    expect(await store.take('kept', 'two', 'ada', LONG_MS)).toBe('x');
  });
}
