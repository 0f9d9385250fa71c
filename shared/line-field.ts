import type { LogLine } from './schemas.js';

/** A log line's field by its name as it is, else step by step at its dots. What is neither text, number nor boolean has no text. */
export function fieldText(fields: LogLine['fields'], name: string): string | undefined {
  const value = fields && Object.hasOwn(fields, name) ? fields[name] : nested(fields, name.split('.'));
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function nested(value: unknown, path: readonly string[]): unknown {
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}
