import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Placement } from './cpus.js';
import { type BenchProcess, startProcess } from './process.js';
import { type Program, startProgram } from './program.js';

/** The processes and files of a benchmark, all gone when it is over. */
export class Workbench {
  readonly #running = new Set<{ stop(): Promise<void> }>();
  readonly #dirs: string[] = [];
  readonly #toolDirs: string[] = [];
  readonly #tools = new Map<string, Promise<unknown>>();
  #stopped = false;

  constructor(readonly placement: Placement) {}

  /** Starts a module in a process of its own, on the cores of its role. @throws Error once stopped */
  start<Calls extends object>(module: URL, role: keyof Placement, nodeArgs: readonly string[] = []): BenchProcess<Calls> {
    return this.#keep(() => startProcess<Calls>(module, this.placement[role], nodeArgs));
  }

  /** Starts a program on the cores of its role. @throws Error once stopped */
  startProgram(command: string, args: readonly string[], role: keyof Placement): Program {
    return this.#keep(() => startProgram(command, args, this.placement[role]));
  }

  /** What ends with the processes, such as a listener of this one. */
  keep<Part extends { stop(): Promise<void> }>(part: Part): Part {
    return this.#keep(() => part);
  }

  /** For one run. */
  async newDir(): Promise<string> {
    return newDir(this.#dirs);
  }

  /** Something that all runs use: made once, in a directory that stays until the end. */
  tool<Tool>(name: string, make: (dir: string) => Promise<Tool>): Promise<Tool> {
    const made = (this.#tools.get(name) as Promise<Tool> | undefined) ?? newDir(this.#toolDirs).then(make);
    this.#tools.set(name, made);
    return made;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Clears, and starts nothing any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.clear();
    this.#tools.clear();
    await remove(this.#toolDirs);
  }

  /** Ends a run: what runs, and its files; calls that wait for an answer reject. */
  async clear(): Promise<void> {
    await Promise.all([...this.#running].map((running) => running.stop()));
    this.#running.clear();
    await remove(this.#dirs);
  }

  #keep<Part extends { stop(): Promise<void> }>(start: () => Part): Part {
    if (this.#stopped) throw new Error('stopped');
    const started = start();
    this.#running.add(started);
    return started;
  }
}

async function newDir(dirs: string[]): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'roomcast-bench-'));
  dirs.push(dir);
  return dir;
}

async function remove(dirs: string[]): Promise<void> {
  await Promise.all(dirs.splice(0).map((dir) => rm(dir, { recursive: true, force: true })));
}
