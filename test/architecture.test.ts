import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, normalize } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import { ROOT } from './support/files.js';

interface Source {
  /** From the root: `server/rooms/rooms.ts`. */
  readonly path: string;
  readonly text: string;
  /** Relative imports, from the root and as sources: `shared/rooms.ts`. */
  readonly own: readonly string[];
  /** Packages and `node:` modules. */
  readonly foreign: readonly string[];
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"\n;]*?(?:\{[^}]*\}[^'"\n;]*?)?from\s+['"]([^'"]+)['"]|(?:^|\n)\s*import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

let sources: Source[] = [];
const under = (prefix: string) => sources.filter(({ path }) => path.startsWith(prefix));

beforeAll(async () => {
  const parts = ['shared', 'server', 'client'];
  const listed = await Promise.all(parts.map((part) => readdir(join(ROOT, part), { recursive: true, withFileTypes: true })));
  const paths = listed
    .flat()
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !/\.(test|contract)\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length));
  sources = await Promise.all(paths.map(readSource));
});

async function readSource(path: string): Promise<Source> {
  const text = await readFile(join(ROOT, path), 'utf8');
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const named = [...code.matchAll(IMPORT)].map((match) => (match[1] ?? match[2] ?? match[3])!);
  const own = named.filter((name) => name.startsWith('.')).map((name) => normalize(join(dirname(path), name)).replace(/\.js$/, '.ts'));
  return { path, text: code, own, foreign: named.filter((name) => !name.startsWith('.')) };
}

/** Imports that a rule forbids, as lines for the failure's message. */
function breaches(from: readonly Source[], allowed: (imported: string, source: Source) => boolean): string[] {
  return from.flatMap((source) =>
    source.own.filter((imported) => !allowed(imported, source)).map((imported) => `${source.path} -> ${imported}`),
  );
}

/** `server/rooms/rooms.ts` -> `rooms`; files directly in `server/` are a part of their own. */
const partOf = (path: string) => (path.split('/').length > 2 ? path.split('/')[1]! : basename(path));
const ENGINE = /\/(memory|lmdb|redis|bullmq|piscina|tiered)-[a-z-]+\.ts$/;
/** What puts the parts together. */
const COMPOSITION = [
  'hub',
  'hub.ts',
  'engines',
  'engines.ts',
  'worker.ts',
  'start-hub.ts',
  'roomcast.ts',
  'main.ts',
  'instance-main.ts',
  'cli',
  'assembly',
];
/** What every part may use beside its own files and `shared`: no part, but ground. */
const GROUND = /^server\/(observe\/(clock|manual-clock|logger|log|metrics|counters?|warn-once)\.ts|version\.ts)$/;

test('the test sees the sources and their imports', () => {
  expect(sources.length).toBeGreaterThan(100);
  expect(sources.find(({ path }) => path === 'shared/schemas.ts')).toMatchObject({ own: ['shared/limits.ts'], foreign: ['zod'] });
});

test('shared imports nothing of ours but itself, and knows neither Node nor the DOM', () => {
  const shared = under('shared/');
  expect(breaches(shared, (imported) => imported.startsWith('shared/'))).toEqual([]);
  expect(shared.flatMap(({ path, foreign }) => foreign.filter((name) => name !== 'zod').map((name) => `${path} -> ${name}`))).toEqual([]);
  expect(
    shared
      .filter(({ text }) => /\b(process|Buffer|window|document|localStorage|setImmediate)\b\s*[.([]/.test(text))
      .map(({ path }) => path),
  ).toEqual([]);
});

test('the client imports itself and shared; the published half knows no DOM and no page', () => {
  expect(breaches(under('client/'), (imported) => /^(client|shared)\//.test(imported))).toEqual([]);
  expect(breaches(under('client/sdk/'), (imported) => /^(client\/sdk|shared)\//.test(imported))).toEqual([]);
  const foreign = under('client/sdk/').flatMap(({ path, foreign: names }) => names.map((name) => ({ path, name })));
  expect(foreign.filter(({ name }) => name !== 'socket.io-client' && name !== 'socket.io-parser' && !name.startsWith('node:'))).toEqual([]);
});

test('what the client has for Node alone is a way in of its own, and nothing else of it knows Node', () => {
  const everywhere = under('client/').filter(({ path }) => !path.startsWith('client/sdk/node/'));
  expect(breaches(everywhere, (imported) => !imported.startsWith('client/sdk/node/'))).toEqual([]);
  expect(
    everywhere.flatMap(({ path, foreign }) => foreign.filter((name) => /^node:/.test(name)).map((name) => `${path} -> ${name}`)),
  ).toEqual(['client/web/vite.config.ts -> node:url']);
});

test('the server never imports the client', () => {
  expect(breaches(under('server/'), (imported) => /^(server|shared)\//.test(imported))).toEqual([]);
});

test('engines are imported only by what puts the parts together, and by their own family', () => {
  // A job thread has no engines.ts of the main thread to ask: its one file picks for itself.
  const rest = under('server/').filter(({ path }) => !path.startsWith('server/engines/') && path !== 'server/jobs/thread.ts');
  const allowed = (imported: string, { path }: Source) => !ENGINE.test(imported) || dirname(imported) === dirname(path);
  expect(breaches(rest, allowed)).toEqual([]);
});

/** What a source's own code brings along when it is loaded; types and what is imported later are not. */
const LOADED = /(?:^|\n)\s*(?:import|export)\s+(?!type\b)(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/g;

function loadedBy(first: string): { paths: string[]; packages: string[] } {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const paths = new Set([first]);
  const packages = new Set<string>();
  for (const path of paths) {
    for (const [, name] of byPath.get(path)?.text.matchAll(LOADED) ?? []) {
      if (name!.startsWith('.')) paths.add(normalize(join(dirname(path), name!)).replace(/\.js$/, '.ts'));
      else packages.add(name!);
    }
  }
  return { paths: [...paths], packages: [...packages] };
}

test('starting a hub loads no engine before one is chosen: those of Redis would weigh more than the rest of it', () => {
  const { paths, packages } = loadedBy('server/start-hub.ts');
  expect(packages).toContain('socket.io');
  expect(paths.filter((path) => ENGINE.test(path))).toEqual([]);
  expect(packages.filter((name) => /^(redis|bullmq|lmdb|sharp|@bull-board\/.*|@socket\.io\/redis-adapter)$/.test(name))).toEqual([]);
});

test('a worker, and the primary of several instances, loads no hub', () => {
  expect(loadedBy('server/start-hub.ts').paths).toContain('server/hub.ts');
  for (const path of ['server/worker.ts', 'server/cli/serve.ts']) {
    const { paths, packages } = loadedBy(path);
    expect([paths.length > 10, paths.includes('server/hub.ts'), packages.includes('socket.io')]).toEqual([true, false, false]);
  }
});

test('only the configuration reads the environment', () => {
  const readers = sources.filter(({ path, text }) => /\bprocess\.env\b/.test(text) && path !== 'server/config.ts');
  expect(readers.map(({ path }) => path)).toEqual([]);
});

test('no part reads the configuration: its options come as arguments', () => {
  const parts = under('server/').filter(({ path }) => ![...COMPOSITION, 'config', 'config.ts'].includes(partOf(path)));
  expect(breaches(parts, (imported) => !/^server\/config(\.ts|\/)/.test(imported))).toEqual([]);
});

test('no part imports what puts the parts together', () => {
  const parts = under('server/').filter(({ path }) => !COMPOSITION.includes(partOf(path)));
  expect(breaches(parts, (imported) => !COMPOSITION.includes(partOf(imported)))).toEqual([]);
});

test('imports between parts make no circle', () => {
  const edges = new Map<string, Set<string>>();
  for (const { path, own } of under('server/')) {
    const from = partOf(path);
    for (const imported of own) {
      const to = partOf(imported);
      if (to !== from && imported.startsWith('server/') && !GROUND.test(imported))
        (edges.get(from) ?? edges.set(from, new Set()).get(from)!).add(to);
    }
  }
  const circles: string[] = [];
  const visit = (part: string, way: readonly string[]) => {
    const at = way.indexOf(part);
    if (at >= 0) circles.push([...way.slice(at), part].join(' -> '));
    else for (const next of edges.get(part) ?? []) visit(next, [...way, part]);
  };
  for (const part of edges.keys()) visit(part, []);
  expect([...new Set(circles)]).toEqual([]);
});

test('no file only hands on the names of others', () => {
  expect(sources.filter(({ path }) => /^index\.tsx?$/.test(basename(path))).map(({ path }) => path)).toEqual([]);
});

test('no wiring is kept in a variable of a module', () => {
  const mutable = sources.filter(({ path, text }) => /^(export )?let /m.test(text) && !path.startsWith('client/web/'));
  expect(mutable.map(({ path }) => path)).toEqual([]);
});
