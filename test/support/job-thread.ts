import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transform } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SOURCES = ['shared', 'server'];

export interface BuiltThread {
  /** `server/jobs/thread.js`, with all that it may import beside it. */
  readonly threadFile: URL;
  remove(): Promise<void>;
}

/** The server's sources as JavaScript of now, for worker threads of tests: they load no TypeScript, and dist/ may be older. */
export async function buildThread(): Promise<BuiltThread> {
  const out = join(ROOT, '.cache', `threads-${process.pid}-${Date.now().toString(36)}`);
  for (const source of SOURCES) {
    const files = await readdir(join(ROOT, source), { recursive: true });
    await Promise.all(files.map((file) => emit(join(source, file), out)));
  }
  return {
    threadFile: pathToFileURL(join(out, 'server/jobs/thread.js')),
    remove: () => rm(out, { recursive: true, force: true }),
  };
}

async function emit(file: string, out: string): Promise<void> {
  const isScript = file.endsWith('.ts') && !/\.(test|contract)\.ts$/.test(file);
  if (!isScript && !file.endsWith('.lua')) return;
  const source = await readFile(join(ROOT, file), 'utf8');
  const target = join(out, file.replace(/\.ts$/, '.js'));
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, isScript ? (await transform(source, { loader: 'ts', format: 'esm', target: 'node20' })).code : source);
}

/** A handler's module from its text. */
export function moduleOf(code: string): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}
