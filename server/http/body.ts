import type { IncomingMessage } from 'node:http';
import express, { type Response } from 'express';
import { HubError } from '../../shared/errors.js';
import type { AnyRequest } from './route.js';

export interface JsonBodyOptions {
  /** Bytes after decompression; 0: no limit. */
  maxBytes: number;
  /** Milliseconds that a body may take to arrive. Longer, and the connection is cut. */
  timeoutMs: number;
  /** @throws HubError `too_deep` or `invalid` for what must not come in */
  check(value: unknown): void;
}

/** Reads a request's JSON body, to be called when it is known that its sender may send one. */
export type ReadBody = (req: AnyRequest, res: Response) => Promise<unknown>;

const JSON_TYPES = ['application/json', '+json'];

/** A reader of JSON bodies that refuses what is not JSON, too large, too slow or too deep. */
export function jsonBody({ maxBytes, timeoutMs, check }: JsonBodyOptions): ReadBody {
  const parse = express.json({ limit: maxBytes || Number.POSITIVE_INFINITY, strict: false, type: JSON_TYPES });
  return async (req, res) => {
    if (!req.is(JSON_TYPES)) throw new HubError('invalid', 'the request takes a body of Content-Type application/json');
    await inTime(req, timeoutMs, () => {
      return new Promise<void>((resolve, reject) => parse(req, res, (thrown?: unknown) => (thrown ? reject(thrown) : resolve())));
    });
    check(req.body);
    return req.body;
  };
}

async function inTime(req: IncomingMessage, timeoutMs: number, read: () => Promise<void>): Promise<void> {
  const cut = setTimeout(() => req.destroy(), timeoutMs);
  try {
    await read();
  } finally {
    clearTimeout(cut);
  }
}
