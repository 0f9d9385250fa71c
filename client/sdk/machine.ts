/**
 * Runs a pure reducer. Events that performing an effect gives rise to wait for their turn, so that effects happen in the order of the
 * steps, also when a listener calls back in.
 */
export class Machine<State, Event, Effect> {
  #state: State;
  readonly #reduce: (state: State, event: Event) => readonly [State, readonly Effect[]];
  readonly #perform: (effect: Effect) => void;
  readonly #waiting: Event[] = [];
  #running = false;

  constructor(
    state: State,
    reduce: (state: State, event: Event) => readonly [State, readonly Effect[]],
    perform: (effect: Effect) => void,
  ) {
    this.#state = state;
    this.#reduce = reduce;
    this.#perform = perform;
  }

  get state(): State {
    return this.#state;
  }

  /** @throws what the reducer throws; the state is then as it was before the event */
  feed(event: Event): void {
    this.#waiting.push(event);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) this.#step(next);
    } finally {
      this.#running = false;
    }
  }

  #step(event: Event): void {
    const [state, effects] = this.#reduce(this.#state, event);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }
}
