import type { Clock } from '../../observe/clock.js';
import type { StreamLine } from '../line-stream.js';
import { type Continues, continuesBy, type JoinRule, standsAlone } from './line-rules.js';

export interface JoinOptions {
  readonly rule: JoinRule;
  /** Bytes of a joined entry; past it, and past `maxLines`, the next line begins another one: nothing is left out. */
  readonly maxBytes: number;
  readonly maxLines?: number;
}

export interface JoinWaits {
  readonly clock: Clock;
  /** Time without a further line after which an entry is whole. */
  readonly quietMs?: number;
  /** Time after an entry's first line at which it goes on, whatever comes. */
  readonly maxMs?: number;
}

const DEFAULTS = { maxLines: 500, quietMs: 100, maxMs: 1_000 };

/** Joins lines that belong together, in bounded memory. An entry has the number of its first line. */
export class LineJoiner {
  readonly #continues: Continues;
  #open: StreamLine[] = [];
  #bytes = 0;

  constructor(private readonly options: JoinOptions) {
    this.#continues = continuesBy(options.rule);
  }

  /** The first line of the entry that waits for what may belong to it. */
  get head(): StreamLine | undefined {
    return this.#open[0];
  }

  /** The entries that are whole with these lines. */
  push(lines: readonly StreamLine[]): StreamLine[] {
    const { rule, maxBytes, maxLines = DEFAULTS.maxLines } = this.options;
    return lines.flatMap((line) => {
      const bytes = Buffer.byteLength(line.text) + 1;
      const goesOn = this.#continues(line.text, this.head?.text);
      const closed = goesOn && this.#open.length < maxLines && this.#bytes + bytes <= maxBytes ? [] : this.flush();
      if (!this.head && (rule === 'off' || standsAlone(line.text))) return [...closed, line];
      this.#open.push(line);
      this.#bytes += bytes;
      return closed;
    });
  }

  /** The entry that waited. */
  flush(): StreamLine[] {
    const open = this.#open;
    this.#open = [];
    this.#bytes = 0;
    const [first] = open;
    if (!first) return [];
    if (open.length === 1) return open;
    return [
      {
        text: open
          .map(({ text }) => text)
          .join('\n')
          .trimEnd(),
        number: first.number,
        cut: open.some(({ cut }) => cut),
      },
    ];
  }
}

/** Joins the lines of a body that has an end: the same body gives the same entries, however long it takes. */
export async function* joinWhole(batches: AsyncIterable<StreamLine[]>, options: JoinOptions): AsyncGenerator<StreamLine[]> {
  const joiner = new LineJoiner(options);
  for await (const batch of batches) yield joiner.push(batch);
  yield joiner.flush();
}

const QUIET = Symbol('quiet');

/** Joins the lines of a body that may stay open: what waits for a further line goes on when none comes in time. */
export async function* joinLive(batches: AsyncIterable<StreamLine[]>, options: JoinOptions & JoinWaits): AsyncGenerator<StreamLine[]> {
  const { clock, quietMs = DEFAULTS.quietMs, maxMs = DEFAULTS.maxMs } = options;
  const joiner = new LineJoiner(options);
  const source = batches[Symbol.asyncIterator]();
  const ask = () => {
    const asked = source.next();
    // Whoever reads this generator may leave while the next lines are waited for.
    asked.catch(() => {});
    return asked;
  };
  let next = ask();
  let head: StreamLine | undefined;
  let sinceMs = 0;
  try {
    for (;;) {
      const leftMs = Math.min(quietMs, sinceMs + maxMs - clock.now());
      const came = head ? await within(next, leftMs, clock) : await next;
      if (came !== QUIET && came.done) break;
      yield came === QUIET ? joiner.flush() : joiner.push(came.value);
      if (came !== QUIET) next = ask();
      if (joiner.head !== head) sinceMs = clock.now();
      head = joiner.head;
    }
    yield joiner.flush();
  } catch (error) {
    // A sender that went away had sent these lines as a whole.
    yield joiner.flush();
    throw error;
  } finally {
    void source.return?.();
  }
}

async function within<Value>(coming: Promise<Value>, waitMs: number, clock: Clock): Promise<Value | typeof QUIET> {
  let callOff = () => {};
  const quiet = new Promise<typeof QUIET>((resolve) => {
    callOff = clock.after(Math.max(0, waitMs), () => resolve(QUIET));
  });
  try {
    return await Promise.race([coming, quiet]);
  } finally {
    callOff();
  }
}
