import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Placement } from './cpus.js';
import { type BenchProcess, startProcess } from './process.js';

/** The processes and files of a benchmark, all gone when it is over. */
export class Workbench {
  readonly #running = new Set<BenchProcess<object>>();
  readonly #dirs: string[] = [];
  #stopped = false;

  constructor(private readonly placement: Placement) {}

  /** Starts a module in a process of its own, on the cores of its role. @throws Error once stopped */
  start<Calls extends object>(module: URL, role: keyof Placement): BenchProcess<Calls> {
    if (this.#stopped) throw new Error('stopped');
    const started = startProcess<Calls>(module, this.placement[role]);
    this.#running.add(started);
    return started;
  }

  async newDir(): Promise<string> {
    const dir = await mkdtemp(join(tmpdir(), 'roomcast-bench-'));
    this.#dirs.push(dir);
    return dir;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Clears, and starts nothing any more. */
  stop(): Promise<void> {
    this.#stopped = true;
    return this.clear();
  }

  /** Ends what runs and removes the files; calls that wait for an answer reject. */
  async clear(): Promise<void> {
    await Promise.all([...this.#running].map((running) => running.stop()));
    this.#running.clear();
    await Promise.all(this.#dirs.splice(0).map((dir) => rm(dir, { recursive: true, force: true })));
  }
}
