import { percentile } from '../../stats.js';

/** What the clients of one process lived through. */
export class Tally {
  /** Connections lost by clients that had been subscribed. */
  lost = 0;
  /** Subscriptions with `since` that the log did not reach back to. */
  unrecovered = 0;
  /** Messages that came before one that was missing, and those that came again. */
  holes = 0;
  repeats = 0;
  readonly #refusals: Record<string, number> = {};
  readonly #backMs: number[] = [];
  readonly #delays: { readonly atMs: number; readonly ms: number }[] = [];

  /** Milliseconds since 1970, with fractions: the same in all processes of a machine. */
  now(): number {
    return performance.timeOrigin + performance.now();
  }

  /** HTTP statuses and codes of errors. */
  refusedWith(code: string): void {
    this.#refusals[code] = (this.#refusals[code] ?? 0) + 1;
  }

  /** A client that had lost its connection then has it back, and all that it missed. */
  returned(lostAtMs: number): void {
    this.#backMs.push(this.now() - lostAtMs);
  }

  /** A message that was published then came live. */
  heard(publishedAtMs: number): void {
    const atMs = this.now();
    this.#delays.push({ atMs, ms: atMs - publishedAtMs });
  }

  /** @param untilMs what came later does not count among the delays */
  figures(killedAtMs: number, untilMs: number) {
    const { lost, unrecovered, holes, repeats } = this;
    const of = (kept: (atMs: number) => boolean) => this.#delays.flatMap(({ atMs, ms }) => (kept(atMs) ? ms : []));
    const before = of((atMs) => atMs < killedAtMs);
    const during = of((atMs) => atMs >= killedAtMs && atMs < untilMs);
    return {
      ...{ lost, unrecovered, holes, repeats },
      refusals: { ...this.#refusals },
      backMs: [...this.#backMs],
      delays: { before: before.length, beforeP99Ms: percentile(before, 99), during: during.length, duringP99Ms: percentile(during, 99) },
    };
  }
}

export type StormFigures = ReturnType<Tally['figures']>;
