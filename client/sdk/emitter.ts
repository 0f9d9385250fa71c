import type { Off } from './api.js';

// biome-ignore lint/suspicious/noExplicitAny: listeners of all shapes; `Parameters` restores the shape at each use
type Listener = (...args: any[]) => void;
type Listeners<Events> = { [Event in keyof Events]: Listener };

/** Typed listeners. What a listener throws is raised outside, as an unhandled error of the page or process, and stops no other listener. */
export class Emitter<Events extends Listeners<Events>> {
  readonly #listeners = new Map<keyof Events, Set<Listener>>();

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
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}
