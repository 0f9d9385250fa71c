import { expect, test } from '@jest/globals';
import { createSessionIds } from './session-ids.js';

test('ids are all different, of 20 characters that stand in an address as they are', () => {
  const next = createSessionIds();
  const ids = Array.from({ length: 1_000 }, next);
  expect(new Set(ids).size).toBe(1_000);
  for (const id of ids) expect(id).toMatch(/^[\w-]{20}$/);
});
