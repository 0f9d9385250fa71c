import { expect, test } from '@jest/globals';
import { handlerContext } from '../../../test/support/job-context.js';
import type { LogEntry } from '../../log/room-log.js';
import { Revisions } from './revisions.js';

const ROOM = 'chat:x';
const LONG = 'x'.repeat(5 * 1024 * 1024);

/** A message that was edited to a text that is too long to be held. */
async function longEdit() {
  const { say, log } = handlerContext();
  const target = await say(ROOM, 'text', { text: 'frist', mood: 'x' });
  await say(ROOM, 'edit', { target, text: LONG });
  const entryAt = async (seq: number): Promise<LogEntry> =>
    (await log.read(ROOM, { after: seq - 1, limit: 1, from: 'oldest' })).entries[0]!;
  return [await entryAt(1), await entryAt(2)] as const;
}

test('an edit whose text is too long to be held is read again', async () => {
  const [target, edit] = await longEdit();
  const revisions = new Revisions({ entry: async (_, seq) => (seq === edit.seq ? edit : undefined) }, ROOM);
  expect(revisions.note(edit)).toBe(true);
  expect(await revisions.current(target)).toMatchObject({ edited: true, message: { data: { text: LONG, mood: 'x' } } });
});

test('a message is gone when its edit was trimmed meanwhile: it was older', async () => {
  const [target, edit] = await longEdit();
  const revisions = new Revisions({ entry: async () => undefined }, ROOM);
  revisions.note(edit);
  expect(await revisions.current(target)).toBeUndefined();
});
