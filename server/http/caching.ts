import { createHash } from 'node:crypto';
import type { Response } from 'express';
import { GUEST_HEADERS } from './guest-headers.js';

/**
 * Lets one reader, and no cache on the way to it, keep an answer for so many seconds; 0: kept, and asked about again each time by its ETag, which
 * express makes. The answer is another one for whoever else asks, so it varies with everything that says who that is.
 */
export function keepPrivately(res: Response, seconds = 0): Response {
  res.vary(`Authorization, ${GUEST_HEADERS.key}`);
  return res.set('Cache-Control', seconds > 0 ? `private, max-age=${seconds}` : 'private, no-cache');
}

/** An answer that is written once for all who ask for it while it is in the cache. */
export interface WrittenAnswer {
  readonly text: string;
  readonly etag: string;
  /** Milliseconds since 1970 up to which whoever asks is given it. */
  readonly freshUntil: number;
}

/** A weak ETag (RFC 9110, section 8.8.3): proxies that compress send the same answer in other bytes. */
export function etagOf(text: string): string {
  return `W/"${createHash('sha1').update(text).digest('base64url')}"`;
}

/** Sends it, or 304 to whoever has it, to be kept for what is left of its time. */
export function sendWritten(res: Response, { text, etag, freshUntil }: WrittenAnswer, contentType: string, now = Date.now()): void {
  keepPrivately(res, Math.floor((freshUntil - now) / 1_000));
  res.set({ 'Content-Type': contentType, ETag: etag }).send(text);
}
