import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { ERRORS, HubError } from '../../shared/errors.js';
import type { LogLine } from '../../shared/schemas.js';
import type { Clock } from './clock.js';

export interface LogTapOptions {
  readonly clock: Clock;
  /** Lines that wait at most, beside a batch on its way; past it the oldest go. */
  readonly lines?: number;
  readonly linesPerSecond?: number;
  /** Lines of one message, and the time over which they are gathered. */
  readonly batchLines?: number;
  readonly batchMs?: number;
  /** Pause after the store refused. */
  readonly retryMs?: number;
  readonly onDropped?: (lines: number) => void;
}

/** Publishes lines into the hub's log room; `id` makes a second try harmless. */
export type PublishLines = (lines: LogLine[], id: string) => Promise<unknown>;

const DEFAULTS = {
  lines: 1_000,
  linesPerSecond: 200,
  batchLines: 100,
  batchMs: 100,
  retryMs: 1_000,
  onDropped: (_lines: number): void => {},
};

/**
 * Takes the hub's own log lines to its log room. Lines wait in bounded memory until `start`, and while the store is away; what is left
 * out is counted, and said in the room. What publishing itself logs is not taken, nor more than `linesPerSecond`: the tap never feeds itself.
 */
export class LogTap {
  readonly #options: LogTapOptions & typeof DEFAULTS;
  readonly #publishing = new AsyncLocalStorage<true>();
  #waiting: LogLine[] = [];
  #batch: { id: string; lines: LogLine[] } | undefined;
  #dropped = 0;
  #second = { at: 0, lines: 0 };
  #publish: PublishLines | undefined;
  #sending: Promise<void> | undefined;
  #disarm: (() => void) | undefined;

  constructor(options: LogTapOptions) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /** Never throws and never waits. */
  write(line: LogLine): void {
    if (this.#publishing.getStore()) return;
    if (this.#withinRate()) this.#waiting.push(line);
    else this.#drop(1);
    if (this.#waiting.length > this.#options.lines) {
      this.#waiting.shift();
      this.#drop(1);
    }
    this.#arm(this.#options.batchMs);
  }

  start(publish: PublishLines): void {
    this.#publish = publish;
    if (this.#waiting.length > 0) this.#arm(0);
  }

  /** Publishes what waits, once, and takes no more to the room. */
  async stop(): Promise<void> {
    this.#disarm?.();
    await this.#sending;
    if (this.#publish && this.#waiting.length > 0) await this.#send(this.#publish);
    this.#publish = undefined;
    this.#disarm?.();
    this.#disarm = undefined;
  }

  #arm(afterMs: number): void {
    if (!this.#publish || this.#disarm || this.#sending) return;
    this.#disarm = this.#options.clock.after(afterMs, () => {
      this.#disarm = undefined;
      const publish = this.#publish;
      if (!publish) return;
      this.#sending = this.#send(publish).then((done) => {
        this.#sending = undefined;
        if (this.#batch || this.#waiting.length > 0) this.#arm(done ? 0 : this.#options.retryMs);
      });
    });
  }

  /** Whether the next lines' turn has come: a batch that the store may still take is tried again under its id. */
  async #send(publish: PublishLines): Promise<boolean> {
    const { id, lines } = this.#nextBatch();
    try {
      await this.#publishing.run(true, () => publish(lines, id));
    } catch (error) {
      if (mayPass(error)) return false;
      this.#drop(lines.length);
    } finally {
      // While a store is in use, Node 20 follows every promise of the process, which makes all of them slower.
      this.#publishing.disable();
    }
    this.#batch = undefined;
    return true;
  }

  #nextBatch(): { id: string; lines: LogLine[] } {
    if (this.#batch) return this.#batch;
    const lines = this.#waiting.splice(0, this.#options.batchLines);
    const text = `${this.#dropped} lines of this log were left out`;
    if (this.#dropped > 0) lines.push({ time: this.#options.clock.now(), level: 'warn', text });
    this.#dropped = 0;
    this.#batch = { id: randomUUID(), lines };
    return this.#batch;
  }

  #withinRate(): boolean {
    const at = Math.floor(this.#options.clock.now() / 1_000);
    if (this.#second.at !== at) this.#second = { at, lines: 0 };
    return ++this.#second.lines <= this.#options.linesPerSecond;
  }

  #drop(lines: number): void {
    this.#dropped += lines;
    this.#options.onDropped(lines);
  }
}

const mayPass = (error: unknown): boolean => error instanceof HubError && ERRORS[error.code].retry === 'later';
