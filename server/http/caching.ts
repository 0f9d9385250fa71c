import type { Response } from 'express';

/** Lets one reader keep an answer for so many seconds; 0: kept, and asked about again each time by its ETag, which express makes. */
export function keepPrivately(res: Response, seconds = 0): Response {
  res.vary('Authorization');
  return res.set('Cache-Control', seconds > 0 ? `private, max-age=${seconds}` : 'private, no-cache');
}
