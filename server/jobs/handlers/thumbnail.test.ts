import { deflateSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import sharp, { type Sharp } from 'sharp';
import { handlerContext } from '../../../test/support/job-context.js';
import { IMAGE_MAX_BYTES } from './shrink-image.js';
import { run } from './thumbnail.js';
import { thumbnailInput } from './thumbnail-input.js';

const ROOM = 'chat:team/a';

/** A picture whose left half is red and whose right half is blue. */
function picture(width: number, height: number): Sharp {
  const half = { width: Math.floor(width / 2), height, channels: 3 as const, background: 'blue' };
  const red = { width, height, channels: 3 as const, background: 'red' };
  return sharp({ create: red }).composite([{ input: { create: half }, gravity: 'east' }]);
}

const imageData = (bytes: unknown, contentType = 'image/png') => ({ text: 'look', image: { contentType, bytes } });

/** Posts the data, asks for its thumbnail and gives what came out and was written. */
async function thumbnailOf(data: unknown, options: object = {}) {
  const surroundings = handlerContext();
  const position = await surroundings.say(ROOM, 'text', data);
  const result = await run(thumbnailInput.parse({ room: ROOM, position, ...options }), surroundings.context);
  return { result, written: surroundings.written };
}

/** A PNG's head that claims this size, with next to nothing behind it. */
function bomb(width: number, height: number): Buffer {
  const chunk = (type: string, body: Buffer) => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(body.length);
    head.write(type, 4, 'latin1');
    return Buffer.concat([head, body, crc(Buffer.concat([head.subarray(4), body]))]);
  };
  const size = Buffer.alloc(13);
  size.writeUInt32BE(width);
  size.writeUInt32BE(height, 4);
  size.set([8, 2], 8);
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([signature, chunk('IHDR', size), chunk('IDAT', deflateSync(Buffer.alloc(1_000))), chunk('IEND', Buffer.alloc(0))]);
}

/** CRC-32 as PNG's chunks end with it (ISO 3309). */
function crc(bytes: Buffer): Buffer {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  const end = Buffer.alloc(4);
  end.writeUInt32BE(~sum >>> 0);
  return end;
}

describe('a thumbnail', () => {
  test.each(['jpeg', 'png', 'webp', 'gif', 'avif'] as const)('is made of an image in %s, and shows the same', async (format) => {
    const bytes = await picture(800, 400).toFormat(format).toBuffer();
    const { result, written } = await thumbnailOf(imageData(bytes), { width: 100, height: 100, format: 'png' });
    expect(result).toEqual({
      file: 'chat-team-a-1.png',
      contentType: 'image/png',
      bytes: expect.any(Number),
      width: 100,
      height: 50,
      source: { format, width: 800, height: 400 },
    });
    expect(written.finished).toBe(true);
    const { data, info } = await sharp(written.bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const colourAt = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
    const [left, right] = [colourAt(10, 25), colourAt(90, 25)];
    expect([left[0]! > 200 && left[2]! < 60, right[0]! < 60 && right[2]! > 200]).toEqual([true, true]);
  });

  test.each(['webp', 'jpeg', 'png'] as const)('is written as %s', async (format) => {
    const bytes = await picture(640, 640).png().toBuffer();
    const { result, written } = await thumbnailOf(imageData(bytes), { format });
    expect(result).toMatchObject({ contentType: `image/${format}`, width: 320, height: 320 });
    expect((await sharp(written.bytes).metadata()).format).toBe(format);
  });

  test('of bytes that came as JSON is the same', async () => {
    const bytes = await picture(40, 20).png().toBuffer();
    const { result } = await thumbnailOf(imageData({ $base64: bytes.toString('base64') }));
    expect(result).toMatchObject({ width: 40, height: 20, source: { format: 'png' } });
  });

  test('is no larger than the image, stands upright and says nothing of where it was taken', async () => {
    const bytes = await picture(60, 30)
      .withExif({ IFD0: { Copyright: 'somebody' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const { result, written } = await thumbnailOf(imageData(bytes, 'image/jpeg'), { format: 'jpeg' });
    expect(result).toMatchObject({ width: 30, height: 60, source: { width: 30, height: 60 } });
    const { exif, orientation } = await sharp(written.bytes).metadata();
    expect({ exif, orientation }).toEqual({ exif: undefined, orientation: undefined });
  });

  test('of an edited message is of its image still', async () => {
    const { say, context } = handlerContext();
    const position = await say(ROOM, 'text', imageData(await picture(8, 8).png().toBuffer()));
    await say(ROOM, 'edit', { target: position, text: 'look here' });
    expect(await run(thumbnailInput.parse({ room: ROOM, position }), context)).toMatchObject({ width: 8 });
  });
});

describe('refused is', () => {
  test.each([
    ['no data', 'just text'],
    ['no image', { text: 'hi' }],
    ['an image that is a text', { image: 'data:image/png;base64,AAAA' }],
    ['a type that is no image', imageData(Buffer.from('x'), 'text/html')],
    [
      'a drawing that is a program',
      imageData(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), 'image/svg+xml'),
    ],
    ['nothing', imageData(Buffer.alloc(0))],
    ['only a head', imageData(Buffer.from('89504e470d0a1a0a', 'hex'))],
  ])('%s', async (_, data) => {
    await expect(thumbnailOf(data)).rejects.toMatchObject({ code: 'invalid' });
  });

  test('an image that breaks off, and nothing is left of its file', async () => {
    const noise = { width: 400, height: 400, channels: 3 as const, noise: { type: 'gaussian' as const, mean: 128, sigma: 50 } };
    const whole = await sharp({ create: { ...noise, background: 'red' } })
      .png()
      .toBuffer();
    await expect(thumbnailOf(imageData(whole.subarray(0, whole.length / 2)))).rejects.toMatchObject({ code: 'invalid' });
  });

  test('an image of more pixels than are decoded, by its head alone', async () => {
    const bytes = bomb(100_000, 100_000);
    expect(bytes.length).toBeLessThan(200);
    await expect(thumbnailOf(imageData(bytes))).rejects.toMatchObject({
      code: 'too_large',
      message: expect.stringContaining('100000 × 100000'),
    });
  });

  test('an image of too many bytes', async () => {
    await expect(thumbnailOf(imageData(Buffer.alloc(IMAGE_MAX_BYTES + 1)))).rejects.toMatchObject({ code: 'too_large' });
  });

  test('a message that was deleted, however much was said since', async () => {
    const { say, context } = handlerContext();
    const position = await say(ROOM, 'text', imageData(await picture(8, 8).png().toBuffer()));
    for (let n = 0; n < 600; n++) await say(ROOM, 'text', { text: `${n}` });
    await say(ROOM, 'delete', { target: position });
    await expect(run(thumbnailInput.parse({ room: ROOM, position }), context)).rejects.toMatchObject({ code: 'not_found' });
  });

  test.each([
    ['e:99', 'not_found'],
    ['other:1', 'not_found'],
    ['nonsense', 'invalid'],
  ])('the position %s, as %s', async (position, code) => {
    const { say, context } = handlerContext();
    await say(ROOM, 'text', { text: 'hi' });
    await expect(run(thumbnailInput.parse({ room: ROOM, position }), context)).rejects.toMatchObject({ code });
  });

  test.each([{ width: 0 }, { height: 2_049 }, { width: 1.5 }, { format: 'svg' }])('the input %p', (wrong) => {
    expect(thumbnailInput.safeParse({ room: ROOM, position: 'e:1', ...wrong }).success).toBe(false);
  });
});

test('a job that is stopped writes nothing', async () => {
  const { say, context, abort, written } = handlerContext();
  const position = await say(ROOM, 'text', imageData(await picture(8, 8).png().toBuffer()));
  abort.abort(new Error('enough'));
  await expect(run(thumbnailInput.parse({ room: ROOM, position }), context)).rejects.toThrow('enough');
  expect(written).toMatchObject({ text: '', finished: false });
});
