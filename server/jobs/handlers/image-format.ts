/** What the first bytes of an image are, one character each. */
const BEGINS = {
  jpeg: (head) => head.startsWith('\xff\xd8\xff'),
  png: (head) => head.startsWith('\x89PNG\r\n\x1a\n'),
  gif: (head) => head.startsWith('GIF87a') || head.startsWith('GIF89a'),
  webp: (head) => head.startsWith('RIFF') && head.startsWith('WEBP', 8),
  avif: (head) => head.startsWith('ftypavif', 4) || head.startsWith('ftypavis', 4),
} as const satisfies Record<string, (head: string) => boolean>;

export type ImageFormat = keyof typeof BEGINS;
export const IMAGE_FORMATS = Object.keys(BEGINS) as ImageFormat[];

/**
 * The format that the bytes begin as, whatever they are said to be; undefined for any other. So a decoder for something else (SVG and PDF
 * are programs rather than pictures) is never asked.
 */
export function imageFormatOf(bytes: Uint8Array): ImageFormat | undefined {
  const head = Buffer.from(bytes.subarray(0, 16)).toString('latin1');
  return IMAGE_FORMATS.find((format) => BEGINS[format](head));
}
