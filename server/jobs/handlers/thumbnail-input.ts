import { z } from 'zod';

/** What a thumbnail may be written as. */
export const THUMBNAIL_FORMATS = ['webp', 'jpeg', 'png'] as const;

const side = z.int().min(1).max(2_048).default(320);

export const thumbnailInput = z.strictObject({
  room: z.string().max(300),
  /** The message whose image it is. */
  position: z.string().max(64),
  /** Pixels of the box that the image is made to fit into; a smaller image stays as it is. */
  width: side,
  height: side,
  format: z.enum(THUMBNAIL_FORMATS).default('webp'),
});
