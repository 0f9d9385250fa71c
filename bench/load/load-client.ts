import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { cpuSecondsOf } from '../process-use.js';
import type { Program } from '../program.js';
import type { Workbench } from '../workbench.js';

/** What load.c takes; its head says what each is. */
export interface LoadArguments {
  readonly protocol: 'hub' | 'stock' | 'ws';
  readonly mode: 'fanout' | 'publish' | 'rate' | 'idle';
  readonly members: number;
  readonly rooms?: number;
  readonly publishers?: number;
  readonly inflight?: number;
  readonly rate?: number;
  /** Of each publication's data. */
  readonly bytes?: number;
  readonly deflate?: 0 | 1;
  /** Members that stop reading once all are there. */
  readonly slow?: number;
  readonly room?: string;
  readonly seconds?: number;
  readonly warmup?: number;
}

const count = z.int().min(0);
const LINES = {
  ready: z.object({ event: z.literal('ready'), seconds: z.number() }),
  start: z.object({ event: z.literal('start') }),
  stop: z.object({ event: z.literal('stop') }),
  result: z.object({
    event: z.literal('result'),
    published: count,
    deliveries: count,
    seconds: z.number().positive(),
    p50Us: z.number(),
    p99Us: z.number(),
    maxUs: z.number(),
    /** Read from the sockets. */
    bytes: count,
    cpuSeconds: z.number(),
    /** 0 to 1. */
    utilisation: z.number(),
    misordered: count,
    /** Publications that some member did not get, or that were not acknowledged, until long after the window. */
    incomplete: count,
    refused: count,
    /** The code of the first one. */
    refusal: z.string(),
  }),
};
export type LoadResult = z.infer<typeof LINES.result>;

// Runs from dist/bench/load; the source is not copied there.
const SOURCE = fileURLToPath(new URL('../../../bench/load/load.c', import.meta.url));

/** The load client in C, as the one that started it sees it; its lines are asked for in the order in which it prints them. */
export class LoadClient {
  private constructor(private readonly program: Program) {}

  /** @throws Error in one line when it cannot be compiled */
  static async start(workbench: Workbench, port: number, load: LoadArguments): Promise<LoadClient> {
    const file = await workbench.tool('load', compile);
    const args = Object.entries({ port, ...load }).map(([key, value]) => `${key}=${value}`);
    return new LoadClient(workbench.startProgram(file, args, 'client'));
  }

  /** Resolves when all members are connected and joined, with the seconds that this took. */
  async ready(): Promise<number> {
    return (await this.#line('ready')).seconds;
  }

  /** Since it was started. */
  cpuSeconds(): number {
    return cpuSecondsOf(this.program.pid);
  }

  async windowBegins(): Promise<void> {
    await this.#line('start');
  }

  async windowEnds(): Promise<void> {
    await this.#line('stop');
  }

  /**
   * Of the measured window.
   * @throws Error when a publication was refused, or messages came out of order: that is no result
   */
  async result(): Promise<LoadResult> {
    const result = await this.#line('result');
    if (result.refused > 0) throw new Error(`${result.refused} publications were refused, the first one as ${result.refusal}`);
    if (result.misordered > 0) throw new Error(`${result.misordered} messages came out of order, twice or not at all`);
    return result;
  }

  /** Ends an idle one. */
  async end(): Promise<void> {
    this.program.closeInput();
    await this.program.done;
  }

  async #line<Event extends keyof typeof LINES>(event: Event): Promise<z.infer<(typeof LINES)[Event]>> {
    return LINES[event].parse(JSON.parse(await this.program.nextLine())) as z.infer<(typeof LINES)[Event]>;
  }
}

/** @returns the program's file in `dir` */
async function compile(dir: string): Promise<string> {
  const file = join(dir, 'load');
  try {
    await promisify(execFile)('gcc', ['-O2', '-Wall', '-o', file, SOURCE]);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(code === 'ENOENT' ? 'the load client needs a C compiler: gcc is not installed' : message);
  }
  return file;
}
