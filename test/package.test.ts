import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { startChild } from '../server/cli/child.js';
import { ROOT, storageDir, temporaryDir } from './support/files.js';
import { get } from './support/http.js';
import { fileScope } from './support/scope.js';

const scope = fileScope();
const INSTALL_MS = 240_000;
const ENV = { PATH: process.env.PATH, HOME: process.env.HOME };
/** Runs to its end; a failure shows what it printed. */
const run = async (command: string, args: string[], cwd: string): Promise<string> => {
  try {
    return (await promisify(execFile)(command, args, { cwd, env: ENV, maxBuffer: 64 * 1024 * 1024 })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command} ${args.join(' ')}:\n${stdout}\n${stderr}`, { cause: error });
  }
};

let tarball: string;
let project: string;

/** The package as it would be published, installed into an empty project. */
beforeAll(async () => {
  const dir = await temporaryDir(scope);
  const [packed] = JSON.parse(await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', dir], ROOT));
  tarball = join(dir, packed.filename);
  project = join(dir, 'project');
  await mkdir(project);
  await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball], project);
}, INSTALL_MS);

test('the package holds the build and the pages, and neither tests nor sources', async () => {
  const files = (await readdir(join(project, 'node_modules/roomcast'), { recursive: true })).map(String);
  for (const wanted of [
    'dist/server/main.js',
    'dist/server/roomcast.d.ts',
    'dist/client/sdk/roomcast.js',
    'dist/client/web/index.html',
    'README.md',
    'LICENSE',
  ]) {
    expect(files).toContain(wanted);
  }
  expect(files.filter((file) => /\.(test|contract)\.|(?<!\.d)\.tsx?$|^(test|bench|server|client|data)\//.test(file))).toEqual([]);
});

test('publint finds nothing', async () => {
  await run(process.execPath, [join(ROOT, 'node_modules/publint/src/cli.js'), 'run', tarball, '--strict'], project);
});

test('the types are right for those who import it', async () => {
  const attw = join(ROOT, 'node_modules/@arethetypeswrong/cli/dist/index.js');
  await run(process.execPath, [attw, tarball, '--profile', 'esm-only', '--no-definitely-typed', '--no-color'], project);
});

const CONSUMER = `
import { createServer } from 'node:http';
import { createHub, HubError } from 'roomcast';
import { connect } from 'roomcast/client';
import { openFileOutboxStore } from 'roomcast/client/node';
import { PROTOCOL_VERSION, type Message } from 'roomcast/protocol';
import { z } from 'zod';

const server = createServer();
const hub = await createHub({ server, store: 'memory', hostMetrics: false, io: { pingInterval: 5_000 } });
hub.handle('add', z.object({ a: z.number(), b: z.number() }), async ({ data, principal }) => ({ sum: data.a + data.b, by: principal.user.name }));
hub.io.on('connection', (socket) => socket.on('own' as never, (() => undefined) as never));
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as { port: number };

const client = connect(\`http://127.0.0.1:\${port}\`, { name: 'Ann', outbox: await openFileOutboxStore('outbox') });
const room = client.room<{ text: string }>('chat:lobby');
const heard = new Promise<Message<{ text: string }>>((resolve) => room.on('message', resolve));
await room.ready;
const stored = await hub.publish('chat:lobby', { text: 'from code' }, { id: 'one' });
const message = await heard;
await room.publish({ text: 'kept' }).kept;
const answer = await client.call<{ sum: number; by: string }>('add', { a: 2, b: 3 });
const refused = await client.call('add', { a: 'two' }).then(
  () => 'taken',
  (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : 'odd'),
);
console.log(JSON.stringify({ version: PROTOCOL_VERSION, same: message.position === stored.position, text: message.data.text, answer, refused, error: new HubError('busy').code }));
await client.close();
await hub.close();
server.close();
`;

test('its types compile in a strict project, and the program runs', async () => {
  await writeFile(join(project, 'consumer.ts'), CONSUMER);
  await cp(join(ROOT, 'node_modules/@types/node'), join(project, 'types/node'), { recursive: true });
  await cp(join(ROOT, 'node_modules/undici-types'), join(project, 'node_modules/undici-types'), { recursive: true });
  for (const [module, moduleResolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    const compilerOptions = {
      target: 'es2023',
      lib: ['es2023'],
      module,
      moduleResolution,
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: true,
    };
    const config = {
      compilerOptions: { ...compilerOptions, outDir: 'out', typeRoots: ['types'], types: ['node'] },
      files: ['consumer.ts'],
    };
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify(config));
    await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.'], project);
  }
  const printed = (await run(process.execPath, ['out/consumer.js'], project)).trim().split('\n').at(-1)!;
  expect(JSON.parse(printed)).toEqual({
    version: 1,
    same: true,
    text: 'from code',
    answer: { sum: 5, by: 'Ann' },
    refused: 'invalid',
    error: 'busy',
  });
});

test('`npx roomcast` tells its version and serves the pages', async () => {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  expect((await run('npx', ['roomcast', '--version'], project)).trim()).toBe(version);
  const dataDir = await storageDir(scope);
  const bin = join(project, 'node_modules/.bin/roomcast');
  const hub = scope.defer(await startChild('roomcast', bin, ['--port', '0', '--data-dir', dataDir], { cwd: project, env: ENV }), (child) =>
    child.stop(),
  );
  const [url] = await hub.printed(/http:\/\/127\.0\.0\.1:\d+/);
  const page = await get(`${url}/`);
  expect(page.status).toBe(200);
  expect(page.headers.get('content-type')).toContain('text/html');
  expect(page.headers.get('content-security-policy')).not.toMatch(/script-src[^;]*unsafe/);
});

test('the client bundles for a browser, without a word of Node', async () => {
  await writeFile(join(project, 'page.js'), "import { connect } from 'roomcast/client'; connect(location.origin);");
  const { outputFiles, warnings, metafile } = await build({
    entryPoints: [join(project, 'page.js')],
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'esm',
    write: false,
    metafile: true,
  });
  expect(warnings).toEqual([]);
  expect(Object.keys(metafile.inputs).filter((file) => /roomcast\/dist\/server/.test(file))).toEqual([]);
  expect(outputFiles[0]!.contents.length).toBeLessThan(150 * 1024);
});
