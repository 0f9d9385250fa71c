import { z } from 'zod';
import { BOUNDS } from '../../shared/limits.js';

const WHOLE = /^[0-9]{1,15}$/;

/** A whole number as a query carries it. */
const wholeText = z.string().regex(WHOLE, 'a whole number is expected').transform(Number);

/** Messages or entries of one page. */
export const pageSize = (min: number, max: number = BOUNDS.pageMessages) => wholeText.pipe(z.int().min(min).max(max));

/** A position as text; the room's log takes it apart. */
export const readPosition = z.string().min(1).max(64);

/** Seconds as a query carries them, in milliseconds: `25`, `2.5`. */
export const secondsText = (maxMs: number) =>
  z
    .string()
    .regex(/^[0-9]{1,6}(\.[0-9]{1,3})?$/, 'seconds are expected')
    .transform((text) => Math.round(Number(text) * 1000))
    .pipe(z.number().max(maxMs, `${maxMs / 1000} seconds are the most`));
