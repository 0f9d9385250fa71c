import type { z } from 'zod';
import { HubError } from '../../shared/errors.js';
import { parsePosition } from '../../shared/position.js';
import type { RoomName } from '../../shared/rooms.js';
import { deleteDataSchema, editDataSchema, reactionDataSchema } from '../../shared/schemas.js';
import type { Principal } from '../auth/principal.js';
import type { LogEntry, RoomLog } from '../log/room-log.js';

const REVISIONS = {
  edit: { schema: editDataSchema, byAuthorOnly: true },
  delete: { schema: deleteDataSchema, byAuthorOnly: true },
  reaction: { schema: reactionDataSchema, byAuthorOnly: false },
} as const satisfies Record<string, { schema: z.ZodType<{ target: string }>; byAuthorOnly: boolean }>;

export const isRevision = (type: string): boolean => Object.hasOwn(REVISIONS, type);

/**
 * Checks a message about another message before it enters the log: its form, that its target is there, and that an edit or a
 * deletion comes from the target's author or an admin. Messages of other types pass.
 * @throws HubError `invalid`, `not_found`, `forbidden`
 */
export async function checkRevision(log: RoomLog, principal: Principal, room: RoomName, type: string, data: unknown): Promise<void> {
  if (!isRevision(type)) return;
  const { schema, byAuthorOnly } = REVISIONS[type as keyof typeof REVISIONS];
  const parsed = schema.safeParse(data);
  if (!parsed.success) throw new HubError('invalid', `data of type ${type}: ${parsed.error.issues[0]?.message}`);
  const target = await entryAt(log, room, parsed.data.target);
  if (!target) throw new HubError('not_found', 'the message that this one is about is not in the room');
  if (byAuthorOnly && !principal.admin && target.message.from.id !== principal.user.id) {
    throw new HubError('forbidden', `only its author may ${type} a message`);
  }
}

async function entryAt(log: RoomLog, room: RoomName, position: string): Promise<LogEntry | undefined> {
  const { epoch, seq } = parsePosition(position);
  const page = await log.read(room, { after: seq - 1, before: seq + 1, limit: 1, from: 'oldest' });
  return page.epoch === epoch ? page.entries[0] : undefined;
}
