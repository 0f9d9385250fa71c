import { z } from 'zod';
import { EXPORT_FORMATS } from './export-formats.js';
import { wordsOf } from './fold.js';

// What built-in jobs take. Apart from their handlers: a thread gets it parsed, and starts sooner without the library that parses.

export const searchInput = z.strictObject({
  room: z.string().max(300),
  /** Words that a message must all have, whatever their case and accents; a part of a word is enough. */
  query: z
    .string()
    .min(1)
    .max(200)
    .refine((query) => wordsOf(query).length > 0, 'has no letter or digit'),
  /** Hits at most, the newest ones. */
  limit: z.int().min(1).max(100).default(50),
});

export const exportInput = z.strictObject({
  room: z.string().max(300),
  format: z.enum(EXPORT_FORMATS),
});

const YEAR_MS = 366 * 24 * 60 * 60_000;
const pattern = z.string().min(1).max(512);

export const rollupInput = z
  .strictObject({
    room: z.string().max(300),
    /** Patterns of the series: `cpu`, `cpu{core="0"}`, with `*` for any characters. */
    series: z.union([pattern, z.array(pattern).min(1).max(20)]),
    /** Milliseconds since 1970. Default: an hour before `to`. */
    from: z.int().min(0).optional(),
    /** Exclusive. Default: now. */
    to: z.int().min(0).optional(),
    /** Milliseconds that one row sums up. Default: what gives about 60 rows. */
    stepMs: z.int().min(100).max(YEAR_MS).optional(),
  })
  .refine(({ from = 0, to = Number.POSITIVE_INFINITY }) => from < to, { path: ['from'], message: 'lies after to' });

export const primeCountInput = z.strictObject({ below: z.int().min(2).max(2_000_000_000) });
