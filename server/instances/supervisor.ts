import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../observe/logger.js';
import { Front } from './front.js';
import { type Exit, InstanceProcess } from './instance-process.js';
import { restartDelayMs } from './restart-delay.js';

export interface SupervisorOptions {
  readonly count: number;
  /** Starts a process with a channel; `number` is its place among the N, `id` its own. */
  spawn(instance: { number: number; id: number }): ChildProcess;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Milliseconds after which an instance that was asked to end is killed. */
  readonly graceMs: number;
}

/** An instance ended before it was ready. What was wrong, it has said itself, unless a signal ended it. */
export class InstanceFailed extends Error {
  override readonly name = 'InstanceFailed';

  constructor(
    number: number,
    readonly exit: Exit,
  ) {
    super(`instance ${number} ended before it was ready: ${exitText(exit)}`);
  }
}

/** Milliseconds of running after which an instance's earlier failures are forgotten. */
const STEADY_MS = 30_000;

/** Keeps N instances behind one port: starts them, starts those again that die, and replaces them one after the other. */
export class Supervisor {
  readonly #front = new Front(() => this.#instances);
  readonly #instances = new Set<InstanceProcess>();
  readonly #failures = new Map<number, number>();
  readonly #closing = new AbortController();
  #lastId = 0;
  #rolling: Promise<void> | undefined;

  constructor(private readonly options: SupervisorOptions) {}

  /** To be opened by the caller, which knows the address. Connections wait until an instance is ready. */
  get server() {
    return this.#front.server;
  }

  /**
   * Resolves when all are ready. The first goes ahead, so that what is wrong for all is said once.
   * @throws InstanceFailed when one of them is not; the others have ended by then
   */
  async start(): Promise<void> {
    try {
      await this.#begin(1);
      await Promise.all(Array.from({ length: this.options.count - 1 }, (_, index) => this.#begin(index + 2)));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Replaces all by new processes, one after the other, each old one only when its successor is ready. One run at a time. */
  restartAll(): Promise<void> {
    this.#rolling ??= this.#roll().finally(() => {
      this.#rolling = undefined;
    });
    return this.#rolling;
  }

  /** Ends all in order. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#front.close();
    await Promise.all([...this.#instances].map((instance) => this.#end(instance)));
  }

  async #begin(number: number): Promise<InstanceProcess> {
    const id = ++this.#lastId;
    const instance = new InstanceProcess(number, id, this.options.spawn({ number, id }), {
      onRequest: (socket, request) => this.#front.pass(socket, request),
      onLeft: (socket, delivery) => this.#front.place(socket, delivery),
    });
    this.#instances.add(instance);
    void instance.ended.then(() => this.#instances.delete(instance));
    await instance.ready.catch((exit: Exit) => {
      throw new InstanceFailed(number, exit);
    });
    this.options.log.info({ instance: number, pid: instance.pid }, 'an instance is ready');
    this.#front.placeWaiting();
    void this.#keep(instance);
    return instance;
  }

  /** Puts another one in the place of an instance that ends unasked. */
  async #keep(instance: InstanceProcess): Promise<void> {
    const exit = await instance.ended;
    if (instance.expected || this.#closing.signal.aborted) return;
    const { number, pid, startedAt } = instance;
    this.options.log.error({ instance: number, pid, exit: exitText(exit) }, 'an instance has ended; it is started again');
    if (performance.now() - startedAt > STEADY_MS) this.#failures.delete(number);
    await this.#revive(number);
  }

  async #revive(number: number): Promise<void> {
    const failures = (this.#failures.get(number) ?? 0) + 1;
    this.#failures.set(number, failures);
    const { signal } = this.#closing;
    await delay(restartDelayMs(failures), undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    await this.#begin(number).catch((error: Error) => {
      if (signal.aborted) return;
      this.options.log.error({ instance: number }, error.message);
      return this.#revive(number);
    });
  }

  async #roll(): Promise<void> {
    for (const instance of [...this.#instances].filter(({ takes }) => takes).sort((a, b) => a.number - b.number)) {
      if (this.#closing.signal.aborted || !instance.takes) continue;
      if (!(await this.#replace(instance))) return;
    }
    this.options.log.info('all instances were replaced');
  }

  async #replace(old: InstanceProcess): Promise<boolean> {
    const { number } = old;
    old.expected = true;
    try {
      const { id } = await this.#begin(number);
      await this.#end(old, id);
      return true;
    } catch (error) {
      old.expected = false;
      this.options.log.error({ instance: number }, `no instance was replaced from here on: ${(error as Error).message}`);
      // It died while its successor was tried.
      if (!this.#instances.has(old) && !this.#closing.signal.aborted) void this.#revive(number);
      return false;
    }
  }

  async #end(instance: InstanceProcess, successor?: number): Promise<void> {
    const exit = await instance.stop(this.options.graceMs, successor);
    if (exit.code !== 0) this.options.log.warn({ instance: instance.number, exit: exitText(exit) }, 'an instance did not end in order');
  }
}

function exitText({ code, signal }: Exit): string {
  return signal ?? `exit code ${code}`;
}
