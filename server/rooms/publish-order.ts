interface Publication<Answer> {
  append(): Promise<Answer>;
  /** What must be found first. */
  check: (() => Promise<void>) | undefined;
}

/**
 * Keeps the order of one sender's publications into one room where some are looked into before they are appended. While none is, nothing
 * waits and nothing is kept.
 */
export class PublishOrder {
  /** By sender and room, the last publication that waits to be appended. */
  readonly #last = new Map<string, Promise<void>>();

  /** Nothing waits: whatever is appended now keeps its order by itself. */
  get isIdle(): boolean {
    return this.#last.size === 0;
  }

  /** Appends after what was given before under the same key was appended or refused. @throws what `check` or `append` throws */
  append<Answer>(key: string, { append, check }: Publication<Answer>): Promise<Answer> {
    const before = this.#last.get(key);
    if (!before && !check) return append();
    // Both begin at once; only the append waits.
    const checked = Promise.all([check?.(), before]);
    const appended = checked.then(() => ({ answer: append() }));
    const turn = Promise.allSettled([before, appended]).then(() => {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    });
    this.#last.set(key, turn);
    return appended.then(({ answer }) => answer);
  }
}
