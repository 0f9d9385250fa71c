import type { SubscribeAnswer } from '../../../shared/protocol.js';
import type { Place, ReaderEvent, ReaderHistory } from '../history.js';
import { type LoadData, placeIn, placeOf } from './places.js';

/** A server without a log gives nothing of this. */
type Answer = Partial<Pick<SubscribeAnswer, 'position' | 'recovered' | 'messages'>>;

/** One subscription of the load, whatever client it runs on: it writes its history. */
export class Reader implements ReaderHistory {
  readonly events: ReaderEvent[] = [];
  /** Values that it has. */
  readonly values = new Set<number>();
  #at: Place | undefined;
  /** Streams are few and come with every message: one text each. */
  readonly #streams = new Map<string, string>();

  constructor(
    readonly reader: string,
    readonly room: string,
  ) {}

  /** The subscription stands: for the first time, recovered, or with something missing. Gives those of its messages that are new. */
  answered({ position, recovered = false, messages = [] }: Answer): SubscribeAnswer['messages'] {
    const at = this.#at;
    const end = position === undefined ? undefined : placeIn(position);
    if (!end || !at) {
      this.events.push({ what: 'subscribed', atMs: Date.now(), place: end && before(messages[0], end) });
      this.#at = end;
      return messages;
    }
    if (recovered) return messages;
    const fresh = messages.filter((message) => {
      const { stream, seq } = placeIn(message.position);
      return stream !== at.stream || seq > at.seq;
    });
    this.told(before(fresh[0], end));
    return fresh;
  }

  /** The server said that what lies up to this place, as far as it did not come, will not come. */
  told(place: Place): void {
    this.events.push({ what: 'told', atMs: Date.now(), place });
    this.#at = place;
  }

  read({ data, position }: { data: LoadData; position?: string | undefined }): void {
    const { stream, seq } = placeOf(data.value, position);
    const known = this.#streams.get(stream) ?? stream;
    this.#streams.set(known, known);
    this.values.add(data.value);
    this.#at = { stream: known, seq };
    this.events.push({ what: 'read', atMs: Date.now(), place: this.#at, value: data.value });
  }
}

/** Where a reader stands before a message, or at the end where there is none. */
function before(message: { position: string } | undefined, end: Place): Place {
  if (!message) return end;
  const { stream, seq } = placeIn(message.position);
  return { stream, seq: seq - 1 };
}
