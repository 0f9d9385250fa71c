import { defineJob, type JobHandler } from '../handler.js';
import { exportInput, primeCountInput, rollupInput, searchInput } from './inputs.js';
import { thumbnailInput } from './thumbnail-input.js';

const MINUTE_MS = 60_000;

const moduleIn = (dir: URL) => (name: string) => new URL(`${name}.js`, dir);

/** The modules of handlers whose results somebody waits for at a screen, and which load little: a thread has them before they are asked for. */
export function preloadedModules(dir: URL): URL[] {
  return ['search', 'export', 'rollup'].map(moduleIn(dir));
}

/** The handlers that every hub has. Their code runs from the build: a thread loads no TypeScript. */
export function builtInJobs(dir: URL): JobHandler[] {
  const module = moduleIn(dir);
  return [
    defineJob({ name: 'search', input: searchInput, module: module('search'), room: 'room', attempts: 2, timeoutMs: 2 * MINUTE_MS }),
    defineJob({ name: 'export', input: exportInput, module: module('export'), room: 'room', attempts: 2, timeoutMs: 30 * MINUTE_MS }),
    defineJob({ name: 'rollup', input: rollupInput, module: module('rollup'), room: 'room', attempts: 2, timeoutMs: 5 * MINUTE_MS }),
    defineJob({ name: 'thumbnail', input: thumbnailInput, module: module('thumbnail'), room: 'room', attempts: 2, timeoutMs: MINUTE_MS }),
    defineJob({ name: 'prime-count', input: primeCountInput, module: module('prime-count'), attempts: 2 }),
  ];
}
