import { defineJob, type JobHandler } from '../handler.js';
import { primeCountInput } from './prime-count.js';

/** The handlers that every hub has. Their code runs from the build: a thread loads no TypeScript. */
export function builtInJobs(dir: URL): JobHandler[] {
  const module = (name: string) => new URL(`${name}.js`, dir);
  return [defineJob({ name: 'prime-count', input: primeCountInput, module: module('prime-count'), attempts: 2 })];
}
