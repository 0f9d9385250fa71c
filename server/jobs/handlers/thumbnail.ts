import type { z } from 'zod';
import { HubError } from '../../../shared/errors.js';
import { parsePosition } from '../../../shared/position.js';
import type { Message } from '../../../shared/protocol.js';
import type { RoomName } from '../../../shared/rooms.js';
import { imageDataSchema } from '../../../shared/schemas.js';
import type { LogEntry } from '../../log/room-log.js';
import type { JobContext } from '../handler.js';
import { resultName } from './result-name.js';
import { DELETION, Revisions } from './revisions.js';
import { shrinkImage } from './shrink-image.js';
import type { thumbnailInput } from './thumbnail-input.js';

export interface ThumbnailResult {
  file: string;
  bytes: number;
  contentType: string;
  /** Pixels. */
  width: number;
  height: number;
  /** What the message carries. */
  source: { format: string; width: number; height: number };
}

/**
 * Writes a small copy of the image that a message carries, without what else is in the image's file (place, camera).
 * @throws HubError `not_found` for a message that is not there or was deleted, `invalid` for one without an image that can be read,
 * `too_large`
 */
export async function run(input: z.output<typeof thumbnailInput>, context: JobContext): Promise<ThumbnailResult> {
  const room = input.room as RoomName;
  const entry = await findMessage(room, input.position, context);
  context.signal.throwIfAborted();
  context.progress(0.5, { note: 'message found' });
  const { bytes, source, ...small } = await shrinkImage(imageOf(entry.message), input);
  const file = await context.openResult({ name: resultName(`${room}-${entry.seq}`, input.format), contentType: `image/${input.format}` });
  try {
    await file.write(bytes);
    return { ...(await file.finish()), ...small, source };
  } catch (error) {
    await file.abort();
    throw error;
  }
}

async function findMessage(room: RoomName, position: string, { rooms, signal }: JobContext): Promise<LogEntry> {
  const { epoch, seq } = parsePosition(position);
  const entry = await rooms.entry(room, seq);
  if (entry?.epoch !== epoch) throw new HubError('not_found', 'no message is at this position');
  const revisions = new Revisions(rooms, room);
  // That a message was deleted is told after it.
  for await (const page of rooms.pages(room, { after: seq })) {
    signal.throwIfAborted();
    for (const later of page) if (mayDelete(later) && later.message.type === 'delete') revisions.note(later);
    if (revisions.isRevised(entry)) throw new HubError('not_found', 'the message at this position was deleted');
  }
  return entry;
}

/** Told by the stored text where there is one: decoding a long room would take its time. */
const mayDelete = ({ text }: LogEntry): boolean => text?.includes(DELETION) ?? true;

function imageOf({ data }: Message): Uint8Array {
  const parsed = imageDataSchema.safeParse(data);
  if (!parsed.success) throw new HubError('invalid', 'the message carries no image');
  const { bytes } = parsed.data.image;
  return bytes instanceof Uint8Array ? bytes : Buffer.from(bytes.$base64, 'base64');
}
