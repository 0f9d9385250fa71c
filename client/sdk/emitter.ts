import type { Off } from './api.js';

// biome-ignore lint/suspicious/noExplicitAny: listeners of all shapes; `Parameters` restores the shape at each use
type Listener = (...args: any[]) => void;
type Listeners<Events> = { [Event in keyof Events]: Listener };

/** Typed listeners. What a listener throws stops no other listener, and is raised outside: an unhandled error of the page or process. */
export class Emitter<Events extends Listeners<Events>> {
  readonly #listeners = new Map<keyof Events, Set<Listener>>();
  readonly #raise: (thrown: unknown) => void;

  constructor(raise: (thrown: unknown) => void = raiseOutside) {
    this.#raise = raise;
  }

  on<Event extends keyof Events>(event: Event, listener: Events[Event]): Off {
    const own: Listener = (...args) => listener(...args);
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(own));
    return () => listeners.delete(own);
  }

  emit<Event extends keyof Events>(event: Event, ...args: Parameters<Events[Event]>): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) {
      try {
        listener(...args);
      } catch (error) {
        this.#raise(error);
      }
    }
  }

  /** Whether anybody listens. */
  hears(event: keyof Events): boolean {
    return (this.#listeners.get(event)?.size ?? 0) > 0;
  }

  clear(): void {
    this.#listeners.clear();
  }
}

function raiseOutside(thrown: unknown): void {
  queueMicrotask(() => {
    throw thrown;
  });
}
