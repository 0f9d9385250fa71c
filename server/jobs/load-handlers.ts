import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { JobHandler } from './handler.js';

/**
 * Loads somebody's own handlers: a module whose default export is one `defineJob(...)` or an array of them.
 * @throws Error in one line when the module cannot be loaded or exports something else
 */
export async function loadHandlers(path: string): Promise<JobHandler[]> {
  const module: { default?: unknown } = await import(pathToFileURL(resolve(path)).href).catch((error: Error) => {
    throw new Error(`the job handlers in ${path} cannot be loaded: ${error.message}`, { cause: error });
  });
  const handlers = [module.default].flat();
  if (!handlers.every(isHandler)) throw new Error(`${path} must export by default what defineJob gives, or an array of that`);
  return handlers;
}

function isHandler(value: unknown): value is JobHandler {
  return typeof value === 'object' && value !== null && 'lane' in value && 'roomOf' in value && 'code' in value;
}
