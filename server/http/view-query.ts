import { z } from 'zod';
import { HubError } from '../../shared/errors.js';
import { type LineFilter, lineFilterSchema, subscribeSchema } from '../../shared/schemas.js';
import type { ViewWish } from '../rooms/room-view.js';
import { readInput } from './route.js';

/** How a query names a field: `field.status=5*`. */
const FIELD = 'field.';

const filterQuery = z.object(lineFilterSchema.omit({ fields: true }).shape);

const several = <Item extends z.ZodType>(item: Item) =>
  z.preprocess((given) => (given === undefined || Array.isArray(given) ? given : [given]), z.array(item).optional());
const numberText = z
  .string()
  .regex(/^[0-9]{1,6}(\.[0-9]{1,6})?$/, 'a number is expected')
  .transform(Number);
const { maxHz, series, rates, quantiles, points, downsample } = subscribeSchema.shape;
const framesQuery = z.object({
  maxHz: numberText.optional().pipe(maxHz),
  series: several(z.string()).pipe(series),
  rates: several(z.string()).pipe(rates),
  quantiles: several(numberText).pipe(quantiles),
  points: numberText.optional().pipe(points),
  downsample,
});

/**
 * The frames that a query asks for: `?maxHz=1&series=cpu*&rates=*_total&quantiles=0.5&quantiles=0.99`. Empty where it asks for none.
 * @throws HubError `invalid`
 */
export function readFrameWish(query: Readonly<Record<string, unknown>>): ViewWish {
  const given = readInput(framesQuery, query);
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** `1` or `true` asks for it. */
export const flagText = z.enum(['1', 'true', '0', 'false']).transform((text) => text === '1' || text === 'true');

/**
 * The lines that a query asks for: `?level=warn&text=timeout&source=api&field.status=5*`. Undefined where it asks for no lines.
 * @throws HubError `invalid` for what is no filter
 */
export function readFilter(query: Readonly<Record<string, unknown>>): LineFilter | undefined {
  const given = readInput(filterQuery, query);
  const fields = Object.fromEntries(
    Object.entries(query).flatMap(([name, value]) => (name.startsWith(FIELD) ? [[name.slice(FIELD.length), value]] : [])),
  );
  // The one name that the schema would pass over in silence. No stored line has it.
  if (Object.hasOwn(fields, '__proto__')) throw new HubError('invalid', 'field.__proto__: a field has another name');
  const asked = Object.keys(fields).length > 0 ? { ...given, fields } : given;
  return Object.keys(asked).length === 0 ? undefined : readInput(lineFilterSchema, asked);
}
