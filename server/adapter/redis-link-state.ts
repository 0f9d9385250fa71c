import type { LinkLog } from './link-log.js';

/** Whether a link stands, and who is told. A listener that throws does not keep it from the others. */
export class RedisLinkState {
  readonly #up = new Set<() => void>();
  readonly #down = new Set<(reason: string) => void>();
  #state: 'down' | 'up' | 'closed' = 'down';

  constructor(private readonly log: Pick<LinkLog, 'error'>) {}

  get isUp(): boolean {
    return this.#state === 'up';
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  onUp(listener: () => void): () => void {
    this.#up.add(listener);
    return () => this.#up.delete(listener);
  }

  onDown(listener: (reason: string) => void): () => void {
    this.#down.add(listener);
    return () => this.#down.delete(listener);
  }

  /** Resolves when it is up, at once if it is. */
  whenUp(): Promise<void> {
    return new Promise((resolve) => {
      if (this.isUp) return resolve();
      const off = this.onUp(() => {
        off();
        resolve();
      });
    });
  }

  /** Tells that something came up, also when it stood before. */
  setUp(): void {
    this.#state = 'up';
    this.#tell(this.#up, (listener) => listener());
  }

  setDown(reason: string): void {
    this.#state = 'down';
    this.#tell(this.#down, (listener) => listener(reason));
  }

  /** For good: nobody is told any more. */
  close(): void {
    this.#state = 'closed';
  }

  #tell<Listener>(listeners: Iterable<Listener>, call: (listener: Listener) => void): void {
    for (const listener of [...listeners]) {
      try {
        call(listener);
      } catch (error) {
        this.log.error({ err: error }, 'Redis: a listener of the link failed');
      }
    }
  }
}
