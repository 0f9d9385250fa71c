import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { type Child, startChild } from '../../server/cli/child.js';
import type { DocCommand } from './doc-examples.js';
import { ROOT, temporaryDir } from './files.js';
import type { Scope } from './scope.js';
import { waitFor } from './wait.js';

/** Packages that the documents tell a reader to install. */
const INSTALLED = ['express', 'pino', 'pino-loki', 'socket.io-client', 'zod'];

/** A program in a page. */
export interface PageProgram {
  output(): string;
  /** @throws Error with the output when it never comes */
  printed(pattern: RegExp): Promise<unknown>;
  /** Uncaught errors, console errors and refused requests. */
  readonly faults: readonly string[];
}

/** A command, and when it has done what it is there for. */
export interface ExpectedCommand extends DocCommand {
  readonly fits: RegExp;
  /** It goes on until it is stopped: it has done its work when its output fits and this says so. */
  readonly stays?: () => Promise<boolean>;
}

/** A directory as a reader of the documents has it: `roomcast` and what its examples import are installed. */
export class DocProject {
  private count = 0;

  private constructor(
    readonly dir: string,
    private readonly scope: Scope,
    /** What stands in the documents, and what it is here: addresses. */
    private readonly here: Readonly<Record<string, string>>,
  ) {}

  /** @param scope of what is run; the directory ends with `file` */
  static async open(file: Scope, scope: Scope, here: Readonly<Record<string, string>>): Promise<DocProject> {
    const dir = await temporaryDir(file);
    await mkdir(join(dir, 'node_modules/.bin'), { recursive: true });
    await mkdir(join(dir, 'bin'));
    await symlink(ROOT, join(dir, 'node_modules/roomcast'));
    await symlink(join(ROOT, 'dist/server/main.js'), join(dir, 'node_modules/.bin/roomcast'));
    for (const name of INSTALLED) await symlink(join(ROOT, 'node_modules', name), join(dir, 'node_modules', name));
    await writeFile(join(dir, 'package.json'), JSON.stringify({ name: 'reader', private: true, type: 'module' }));
    // A refused request is a failed command, and no progress is drawn.
    await writeFile(
      join(dir, 'bin/curl'),
      `#!/bin/sh\nPATH='${process.env.PATH}'\nexec curl --fail-with-body --silent --show-error "$@"\n`,
    );
    await chmod(join(dir, 'bin/curl'), 0o755);
    return new DocProject(dir, scope, here);
  }

  /** A text with the addresses of here. */
  local(text: string, here: Readonly<Record<string, string>> = {}): string {
    return Object.entries({ ...this.here, ...here }).reduce((localized, [there, address]) => localized.replaceAll(there, address), text);
  }

  async write(name: string, text: string): Promise<string> {
    const file = join(this.dir, name);
    await writeFile(file, text);
    return file;
  }

  /** Runs a module in Node. */
  async program(code: string, env: Readonly<Record<string, string>> = {}): Promise<Child> {
    const file = await this.write(`program-${++this.count}.js`, code);
    const child = await startChild(file, process.execPath, [file], { cwd: this.dir, env: this.env(env) });
    return this.scope.defer(child, (started) => started.stop());
  }

  /** Runs a module in a bare page of a hub's origin, bundled as the programs of pages are. */
  async page(browser: Browser, url: string, code: string): Promise<PageProgram> {
    const stdin = { contents: code, resolveDir: this.dir, loader: 'js' as const };
    const bundle = await build({ stdin, bundle: true, platform: 'browser', format: 'esm', target: 'es2022', write: false });
    const page = this.scope.defer(await browser.newPage({ bypassCSP: true }), (opened) => opened.close());
    const lines: string[] = [];
    const faults: string[] = [];
    page.on('console', (message) => {
      // A bare page names no icon, so the browser asks for one by itself.
      if (!message.location().url.endsWith('/favicon.ico')) (message.type() === 'error' ? faults : lines).push(message.text());
    });
    page.on('pageerror', (error) => faults.push(`uncaught: ${error.message}`));
    // A real answer of the hub, with no program of its own in it: a made-up one would count as another network's, and reach no hub.
    await page.goto(`${url}/healthz`);
    await page.route(`${url}/program.js`, (route) => route.fulfill({ contentType: 'text/javascript', body: bundle.outputFiles[0]!.text }));
    // As text: a test's transpiler would make another import of it. Not awaited: a program may go on for ever.
    await page.evaluate(`void import('${url}/program.js')`);
    const output = () => [...lines, ...faults].join('\n');
    const printed = (pattern: RegExp) =>
      waitFor(() => pattern.test(output())).catch(() => {
        throw new Error(`the page never printed ${pattern}; it printed:\n${output()}`);
      });
    return { faults, output, printed };
  }

  /**
   * Runs commands one after the other in one bash, each until it has ended well or, where it is one that stays, until it printed what it should.
   * @returns what each of them printed
   * @throws Error with a command's output when it fails or does not print what fits
   */
  async commands(commands: readonly ExpectedCommand[], env: Readonly<Record<string, string>> = {}): Promise<string[]> {
    const run = join(this.dir, `commands-${++this.count}`);
    await mkdir(run);
    const script = commands.map(({ command, stays }, at) => {
      const file = join(run, String(at));
      const body = `{ ${command}\n} > ${file}.out 2>&1`;
      return stays ? `${body} &\nuntil [ -e ${file}.enough ]; do sleep 0.05; done` : `${body}\necho $? > ${file}.code`;
    });
    // What stays is waited for when the group is told to end.
    const text = `trap 'wait; exit' TERM\n${script.join('\n')}\nwait\n`;
    const child = await startChild('bash', 'bash', ['-c', text], { cwd: this.dir, env: this.env(env), detached: true });
    this.scope.defer(child, () => endGroup(child));
    const outputs: string[] = [];
    for (const [at, { command, fits, stays }] of commands.entries()) {
      const read = (end: string) => readFile(join(run, `${at}.${end}`), 'utf8').catch(() => '');
      const over = async () => (stays ? fits.test(await read('out')) && (await stays()) : (await read('code')).endsWith('\n'));
      const inTime = await waitFor(over).then(
        () => true,
        () => false,
      );
      const [output, code] = [await read('out'), (await read('code')).trim()];
      if (!fits.test(output)) throw new Error(`${command}\ndid not print ${fits}, but:\n${output}`);
      if (!inTime || (!stays && code !== '0')) throw new Error(`${command}\nended with ${code || 'nothing'} and printed:\n${output}`);
      if (stays) await writeFile(join(run, `${at}.enough`), '');
      outputs.push(output);
    }
    await endGroup(child);
    return outputs;
  }

  private env(more: Readonly<Record<string, string>>): Record<string, string | undefined> {
    const { PATH, HOME } = process.env;
    return { HOME, PATH: [join(this.dir, 'bin'), PATH].join(delimiter), ...more };
  }
}

async function endGroup(child: Child): Promise<void> {
  const tell = (signal: NodeJS.Signals) => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // All of it has ended.
    }
  };
  tell('SIGTERM');
  const insist = setTimeout(() => tell('SIGKILL'), 10_000);
  await child.exited;
  clearTimeout(insist);
}
