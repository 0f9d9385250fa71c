import { z } from 'zod';
import { type LineFilter, lineFilterSchema } from '../../shared/schemas.js';
import { readInput } from './route.js';

/** How a query names a field: `field.status=5*`. */
const FIELD = 'field.';

const filterQuery = z.object(lineFilterSchema.omit({ fields: true }).shape);

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
  const asked = Object.keys(fields).length > 0 ? { ...given, fields } : given;
  return Object.keys(asked).length === 0 ? undefined : readInput(lineFilterSchema, asked);
}
