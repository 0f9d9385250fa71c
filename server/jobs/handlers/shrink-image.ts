import sharp, { type Metadata } from 'sharp';
import { HubError } from '../../../shared/errors.js';
import { IMAGE_FORMATS, imageFormatOf } from './image-format.js';
import type { THUMBNAIL_FORMATS } from './thumbnail-input.js';

/** Bytes of an image as it was posted; a room's limit of a payload is usually far below. */
export const IMAGE_MAX_BYTES = 16 * 1024 * 1024;
/** Pixels of an image: a few bytes may say that they are a picture of gigabytes. */
export const IMAGE_MAX_PIXELS = 32_000_000;
/** Native code is not ended with its thread: it has to end by itself. */
const DECODE_SECONDS = 20;

// A job is one thread's work, and no two jobs are about the same image.
sharp.concurrency(1);
sharp.cache(false);

export interface ShrinkOptions {
  /** Pixels of the box to fit into. */
  readonly width: number;
  readonly height: number;
  readonly format: (typeof THUMBNAIL_FORMATS)[number];
}

export interface SmallImage {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly source: { format: string; width: number; height: number };
}

/**
 * The image, or the first picture of one that moves, upright and no larger than the box, with no metadata.
 * @throws HubError `invalid` when it is no image that can be read, `too_large` past the limits above
 */
export async function shrinkImage(image: Uint8Array, { width, height, format }: ShrinkOptions): Promise<SmallImage> {
  if (image.length > IMAGE_MAX_BYTES) throw new HubError('too_large', `an image has ${IMAGE_MAX_BYTES} bytes at most`);
  const kind = imageFormatOf(image);
  if (!kind) throw new HubError('invalid', `the image is none of ${IMAGE_FORMATS.join(', ')}`);
  const source = await sizeOf(image);
  const shrunk = sharp(image, { limitInputPixels: IMAGE_MAX_PIXELS, failOn: 'error', autoOrient: true })
    .resize({ width, height, fit: 'inside', withoutEnlargement: true })
    .timeout({ seconds: DECODE_SECONDS });
  // JPEG has no transparency: what is seen through is white, as on a page.
  if (format === 'jpeg') shrunk.flatten({ background: 'white' });
  const { data, info } = await shrunk.toFormat(format).toBuffer({ resolveWithObject: true }).catch(refuse);
  return { bytes: data, width: info.width, height: info.height, source: { format: kind, ...source } };
}

/** From the image's head alone: nothing is decoded before its size is known. @throws HubError `invalid`, `too_large` */
async function sizeOf(image: Uint8Array): Promise<{ width: number; height: number }> {
  const { autoOrient }: Pick<Metadata, 'autoOrient'> = await sharp(image, { limitInputPixels: false }).metadata().catch(refuse);
  const { width, height } = autoOrient;
  if (width * height > IMAGE_MAX_PIXELS) {
    throw new HubError('too_large', `the image has ${width} × ${height} pixels, and ${IMAGE_MAX_PIXELS} are the most`);
  }
  return { width, height };
}

function refuse(error: Error): never {
  throw new HubError('invalid', `the image cannot be read: ${error.message.slice(0, 200)}`);
}
