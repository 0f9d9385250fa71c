import { expect } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { Child } from '../../server/cli/child.js';
import { startBrowser } from './browser.js';
import { commandsOf, type DocBlock, shownOutput } from './doc-examples.js';
import { DocProject, type ExpectedCommand } from './doc-project.js';
import { ROOT, storageDir } from './files.js';
import { type HubProcess, startHub } from './hub-process.js';
import { freePort, startRedis } from './redis.js';
import type { Scope } from './scope.js';
import { connectClient } from './stock-client.js';
import { mintToken, SECRET } from './token.js';

/** What examples meet. */
export interface DocWorld {
  readonly blocks: readonly DocBlock[];
  /** A hub as `npm start` has it, with a few messages in `chat:lobby`. */
  readonly hub: HubProcess;
  /** One that asks for tokens, and a token that it takes. */
  readonly tokenHub: HubProcess;
  readonly token: string;
  readonly browser: Browser;
  readonly project: DocProject;
  /** Ends with the test. */
  readonly scope: Scope;
}

export type RunExample = (block: DocBlock, world: DocWorld) => Promise<void>;

/** Everything but `scope` ends with the file. */
export async function openDocWorld(file: Scope, scope: Scope, blocks: readonly DocBlock[]): Promise<DocWorld> {
  const hub = await startHub(file);
  const tokenHub = await startHub(file, { env: { ROOMCAST_TOKEN_SECRET: SECRET } });
  const redis = file.defer(await startRedis(), (started) => started.stop());
  const zoe = await connectClient(file, hub.url, { auth: { name: 'Zoe' } });
  for (let n = 1; n <= 12; n++) await zoe.publish('chat:lobby', { text: `hello ${n}` });
  const [epoch] = (await zoe.subscribe('chat:lobby')).position.split(':');
  const here = {
    'http://127.0.0.1:3000': hub.url,
    'https://hub.example.com': tokenHub.url,
    'redis://127.0.0.1': redis.url,
    '9f2c81d07ab3': epoch!,
  };
  const project = await DocProject.open(file, scope, here);
  for (const block of blocks) await writeModule(project, block);
  const token = await mintToken({ name: 'Tom' }, { sub: 'tom' });
  return { blocks, hub, tokenHub, token, browser: await startBrowser(file), project, scope };
}

/** Some blocks are files that others import: their first line says which. */
async function writeModule(project: DocProject, { language, text }: DocBlock): Promise<void> {
  const name = language === 'js' ? /^\/\/ ([a-z-]+\.js)\n/.exec(text)?.[1] : undefined;
  if (name) await project.write(name, text);
}

export interface ProgramOptions {
  /** Blocks of which this one is the continuation. */
  readonly after?: readonly string[];
  /** What the reader's own program has beside it. */
  readonly given?: string | ((world: DocWorld) => string);
  readonly prints?: readonly RegExp[];
  /** What is done while it runs; `url` is its address where it opens one. */
  readonly meanwhile?: (running: { child: Child; url: string; world: DocWorld }) => Promise<unknown>;
  /** It ends by itself. */
  readonly ends?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** What else stands in the example, and what it is here. */
  readonly here?: (world: DocWorld) => Readonly<Record<string, string>>;
}

/** A program in Node: it prints what it should, and neither fails nor complains; then it is stopped. */
export function program(options: ProgramOptions): RunExample {
  const { prints = [], meanwhile, ends = false } = options;
  return async (block, world) => {
    const { child, url } = await startProgram(block.text, world, options);
    for (const pattern of prints) await child.printed(pattern);
    await meanwhile?.({ child, url, world });
    if (!ends) await child.stop();
    const { code } = await child.exited;
    expect({ code: code ?? 0, output: child.output() }).toEqual({ code: 0, output: expect.not.stringMatching(/^\s+at .*:\d+\)?$/m) });
  };
}

/** A program, on a port of its own where it listens. */
export async function startProgram(
  text: string,
  world: DocWorld,
  { after = [], given = '', env = {}, here }: ProgramOptions,
): Promise<{ child: Child; url: string }> {
  const port = await freePort();
  const own = { 'listen(3000': `listen(${port}`, 'port: 3000': `port: ${port}`, ...here?.(world) };
  const before = after.map((id) => world.blocks.find((block) => block.id === id)!.text);
  const code = [typeof given === 'string' ? given : given(world), ...before, text].join('\n');
  return { child: await world.project.program(world.project.local(code, own), env), url: `http://127.0.0.1:${port}` };
}

/** A program in a page of a hub. */
export function page({ given, prints, on = 'hub' }: Pick<ProgramOptions, 'given' | 'prints'> & { on?: 'hub' | 'tokenHub' }): RunExample {
  return async ({ text }, world) => {
    const code = [typeof given === 'function' ? given(world) : given, world.project.local(text)].join('\n');
    const running = await world.project.page(world.browser, world[on].url, code);
    for (const pattern of prints ?? []) await running.printed(pattern);
    expect(running.faults).toEqual([]);
  };
}

/** Whether a command that does not end has done what it is there for; `url` is the hub's that the block speaks to. */
type Stays = (around: { world: DocWorld; url: string }) => Promise<boolean>;

export interface ShellOptions {
  /** One for each command of a `sh` block that is run. In a `console` block the document itself says what is printed. */
  readonly commands?: readonly { readonly prints?: RegExp; readonly stays?: Stays }[];
  /** It starts a hub, which gets a port and a directory of its own. */
  readonly startsHub?: boolean;
  readonly before?: (world: DocWorld) => Promise<unknown>;
}

/** Commands in bash: each ends well, or stays, and prints what it should. Those that cannot be run are left out. */
export function shell({ commands = [], startsHub = false, before }: ShellOptions): RunExample {
  return async (block, world) => {
    const { project, hub, scope } = world;
    await before?.(world);
    const port = String(await freePort());
    const own: Record<string, string> = startsHub
      ? { PORT: port, ROOMCAST_DATA_DIR: await storageDir(scope), ROOMCAST_DRAIN_MS: '500' }
      : {};
    const url = startsHub ? `http://127.0.0.1:${port}` : hub.url;
    const wanted = commandsOf(block).filter(({ command }) => !reasonNotToRun(command));
    if (block.language === 'sh') expect({ commands: wanted, said: commands.length }).toMatchObject({ said: wanted.length });
    const expected = wanted.map(({ command, output }, at): ExpectedCommand => {
      const { prints, stays } = commands[at] ?? {};
      const follows = stays ?? (/curl -s?N/.test(command) ? async () => true : undefined);
      return {
        command: project.local(command, { 'http://127.0.0.1:3000': url }),
        output,
        fits: prints ?? shownOutput(output),
        ...(follows && { stays: () => follows({ world, url }) }),
      };
    });
    await project.commands(expected, { ROOMCAST_URL: hub.url, ...own });
  };
}

/** TypeScript: it compiles against the package's types. */
export const compiles: RunExample = async ({ text }, { project }) => {
  await project.write('types.ts', text);
  const compilerOptions = { module: 'nodenext', target: 'es2023', strict: true, noEmit: true, skipLibCheck: true, types: [] };
  await project.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['types.ts'] }));
  await project.commands([{ command: `node ${ROOT}node_modules/typescript/bin/tsc -p . && echo compiled`, output: '', fits: /compiled/ }]);
};

/** Commands that are not run here, and why. */
export const NOT_RUN: readonly (readonly [RegExp, string])[] = [
  [/^(\w+=\S+ )*npm start/, 'newcomer.test.ts starts fresh clones, start-up.test.ts and cluster.test.ts hubs with such variables'],
  [/^REDIS_URL=\S+ npx roomcast serve --instances/, 'instances.test.ts runs such hubs'],
  [/^npm test/, 'it is what runs this'],
  [/^npm install/, 'package.test.ts installs the package'],
  [/^(\w+=\S+ )*npm run worker/, 'cluster.test.ts runs workers'],
  [/^npm run demo:cluster/, 'demo-cluster.test.ts runs it'],
  [/^npm run bench/, 'a benchmark wants the machine for itself'],
  [/^npm run faults/, 'faults.test.ts runs it for a short time'],
  [/envsubst/, 'it writes to /etc; cluster.test.ts runs nginx with that file'],
  [/haproxy -f/, 'it takes port 80; cluster.test.ts runs HAProxy with that file'],
  [/^docker /, 'no container engine is here'],
  [/^kubectl /, 'no Kubernetes is here'],
];

export const reasonNotToRun = (command: string): string | undefined => NOT_RUN.find(([pattern]) => pattern.test(command))?.[1];

/** Examples that are not run by themselves, and why. */
export const notRun =
  (reason: string): RunExample =>
  async () =>
    expect(reason).not.toBe('');

/** A block of commands none of which is run here. */
export const listed: RunExample = async (block) => {
  for (const { command } of commandsOf(block)) {
    expect({ command, reason: reasonNotToRun(command) }).toEqual({ command, reason: expect.any(String) });
  }
};
