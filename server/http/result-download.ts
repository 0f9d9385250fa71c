import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import { HubError } from '../../shared/errors.js';
import type { ResultFile } from '../jobs/result-store.js';
import { keepPrivately } from './caching.js';
import { sendError } from './errors.js';
import type { AnyRequest } from './route.js';

interface ByteRange {
  readonly start: number;
  /** Inclusive. */
  readonly end: number;
}

/** A file may be a page that somebody else's words stand in: opened in the hub's origin, it is of no origin and runs nothing. */
const DOWNLOAD_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'";

/**
 * Sends a file as a download, all of it or one range (RFC 9110, section 14). Several ranges at once, malformed ones and those of
 * another version (`If-Range`) get all of it.
 */
export async function sendFile(req: AnyRequest, res: Response, file: ResultFile): Promise<void> {
  const etag = `"${file.version}"`;
  const wanted = wantedRange(req, file.bytes, etag);
  if (wanted === 'unsatisfiable') {
    res.set('Content-Range', `bytes */${file.bytes}`);
    return sendError(res, new HubError('invalid', `the file has ${file.bytes} bytes`), 416);
  }
  res.attachment(file.name);
  res.set({ 'Content-Type': file.contentType, 'Accept-Ranges': 'bytes', ETag: etag, 'Content-Security-Policy': DOWNLOAD_POLICY });
  keepPrivately(res);
  if (req.fresh && wanted === 'all') {
    res.status(304).end();
    return;
  }
  const range = wanted === 'all' ? { start: 0, end: file.bytes - 1 } : wanted;
  if (wanted !== 'all') res.status(206).set('Content-Range', `bytes ${range.start}-${range.end}/${file.bytes}`);
  res.set('Content-Length', String(range.end - range.start + 1));
  if (req.method === 'HEAD' || file.bytes === 0) res.end();
  else await stream(res, file.read(range));
}

function wantedRange(req: AnyRequest, bytes: number, etag: string): ByteRange | 'all' | 'unsatisfiable' {
  const ifRange = req.get('If-Range');
  if (ifRange !== undefined && ifRange !== etag) return 'all';
  const ranges = req.range(bytes, { combine: true });
  if (ranges === -1) return 'unsatisfiable';
  if (ranges === undefined || ranges === -2 || ranges.type !== 'bytes' || ranges.length !== 1) return 'all';
  return ranges[0]!;
}

/** A reader that goes away ends the reading of the file, and is no fault. */
async function stream(res: Response, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    await pipeline(Readable.from(chunks, { objectMode: false }), res);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}
