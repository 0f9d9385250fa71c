import type { Place, ReaderEvent, ReaderHistory, Streams } from './history.js';

/** What one reader's history shows by itself. */
export interface ReaderFindings {
  readonly reader: string;
  readonly room: string;
  readonly subscribedMs: number;
  /** Each value, and when it came first. */
  readonly seen: ReadonlyMap<number, number>;
  /** The first and the last value in the order of arrival. */
  readonly first: number | undefined;
  readonly last: number | undefined;
  /** Whether the reader was told that it misses what lies there. */
  wasTold(place: Place): boolean;
  /** Each as a sentence. */
  readonly duplicated: readonly string[];
  readonly reordered: readonly string[];
  /** Places that were passed over without a word and did not come later, in order. */
  readonly passedOver: readonly Place[];
  /** Changes from one stream to another without a word. */
  readonly untoldChanges: readonly string[];
  /** Values that came again in another epoch: it was published anew after a loss. */
  readonly shownAgain: number;
}

/** Goes through one reader's events in their order. */
export function walkReader({ reader, room, events }: ReaderHistory, streams: Streams): ReaderFindings {
  const walk = new Walk(`${reader} in ${room}`, streams);
  for (const event of events) walk.take(event);
  const values = [...walk.seen.keys()];
  return {
    reader,
    room,
    subscribedMs: events[0]?.atMs ?? Number.POSITIVE_INFINITY,
    seen: new Map([...walk.seen].map(([value, { atMs }]) => [value, atMs])),
    first: values[0],
    last: values.at(-1),
    wasTold: (place) => walk.wasTold(place),
    duplicated: walk.duplicated,
    reordered: walk.reordered,
    passedOver: walk.passedOver(),
    untoldChanges: walk.untoldChanges,
    shownAgain: walk.shownAgain,
  };
}

/** A stream as far as the reader has come. */
interface Stretch {
  seq: number;
  /** Passed over, not told, not yet come. */
  readonly missing: Set<number>;
  /** From, to: told as missing, both included. */
  readonly told: [number, number][];
}

class Walk {
  readonly seen = new Map<number, { atMs: number; stream: string }>();
  readonly duplicated: string[] = [];
  readonly reordered: string[] = [];
  shownAgain = 0;
  readonly #stretches = new Map<string, Stretch>();
  readonly untoldChanges: string[] = [];
  /** The stream that the reader is in, where there is one at a time. */
  #current: string | undefined;
  #toldOfChange = false;

  constructor(
    private readonly who: string,
    private readonly streams: Streams,
  ) {}

  take(event: ReaderEvent): void {
    if (event.what === 'read') this.#read(event.place, event.value, event.atMs);
    else if (event.what === 'told') this.#told(event.place);
    else if (event.place) this.#begin(event.place);
  }

  wasTold({ stream, seq }: Place): boolean {
    const stretch = this.#stretches.get(stream);
    // A stream that came and went while the reader was away: the change it was told of covers it.
    if (!stretch) return this.#toldOfChange;
    return stretch.told.some(([from, to]) => from <= seq && seq <= to);
  }

  passedOver(): Place[] {
    return [...this.#stretches].flatMap(([stream, { missing }]) => [...missing].sort((a, b) => a - b).map((seq) => ({ stream, seq })));
  }

  #begin({ stream, seq }: Place): Stretch {
    const stretch = { seq, missing: new Set<number>(), told: [] };
    this.#stretches.set(stream, stretch);
    this.#current = stream;
    return stretch;
  }

  #told({ stream, seq }: Place): void {
    const before = this.#current === undefined ? undefined : this.#stretches.get(this.#current);
    if (this.#current === stream && before) {
      before.told.push([before.seq + 1, seq]);
      before.seq = Math.max(before.seq, seq);
      return;
    }
    before?.told.push([before.seq + 1, Number.POSITIVE_INFINITY]);
    this.#toldOfChange = true;
    const stretch = this.#stretches.get(stream) ?? this.#begin({ stream, seq });
    this.#current = stream;
    stretch.told.push([0, seq]);
    stretch.seq = Math.max(stretch.seq, seq);
  }

  #read(place: Place, value: number, atMs: number): void {
    const known = this.seen.get(value);
    if (known?.stream === place.stream) {
      this.duplicated.push(`${this.who}: ${value} again at ${place.stream}:${place.seq}`);
      return;
    }
    if (known) this.shownAgain++;
    else this.seen.set(value, { atMs, stream: place.stream });
    this.#step(place);
  }

  #step({ stream, seq }: Place): void {
    const stretch = this.#stretches.get(stream);
    const changes = this.streams === 'one-at-a-time' && this.#current !== undefined && this.#current !== stream;
    if (changes && stretch) {
      this.reordered.push(`${this.who}: back to ${stream}:${seq} from ${this.#current}`);
    } else if (changes) {
      this.untoldChanges.push(`${this.who}: from ${this.#current} to ${stream}:${seq} without a word`);
    }
    if (stretch) this.#advance(stretch, stream, seq);
    else this.#begin({ stream, seq });
  }

  #advance(stretch: Stretch, stream: string, seq: number): void {
    if (seq <= stretch.seq) {
      stretch.missing.delete(seq);
      this.reordered.push(`${this.who}: ${stream}:${seq} after ${stretch.seq}`);
      return;
    }
    for (let missing = stretch.seq + 1; missing < seq; missing++) stretch.missing.add(missing);
    stretch.seq = seq;
  }
}
