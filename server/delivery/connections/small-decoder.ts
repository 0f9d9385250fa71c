/** What Socket.IO's client uses of a decoder; `reconstructor` is there while a packet waits for its binary parts. */
export interface Decoder {
  add(data: unknown): void;
  on(event: 'decoded', listener: (packet: unknown) => void): unknown;
  removeListener(event: 'decoded', listener: (packet: unknown) => void): unknown;
  destroy(): void;
  readonly reconstructor?: object | null;
}

/** Decoders of Socket.IO's own parser that are between two packets. */
export class DecoderPool {
  readonly #create: () => Decoder;
  #free: Lent | undefined;

  constructor(create: () => Decoder) {
    this.#create = create;
  }

  take(): Lent {
    const free = this.#free ?? new Lent(this.#create());
    this.#free = undefined;
    return free;
  }

  give(lent: Lent): void {
    lent.to = undefined;
    this.#free = lent;
  }
}

/** A decoder that tells whoever has it now. */
class Lent {
  to: ((packet: unknown) => void) | undefined;

  constructor(readonly decoder: Decoder) {
    decoder.on('decoded', (packet) => this.to?.(packet));
  }
}

/** A client's decoder, which has one of the pool's only while a packet waits for its binary parts. */
export class SmallDecoder implements Decoder {
  #held: Lent | undefined;
  #listener: ((packet: unknown) => void) | undefined;

  constructor(private readonly pool: DecoderPool) {}

  /** @throws Error when the packet is none */
  add(data: unknown): void {
    const lent = this.#held ?? this.pool.take();
    this.#held = lent;
    lent.to = this.#listener;
    lent.decoder.add(data);
    // What could not be decoded ends the client: its decoder is not used again.
    if (lent.decoder.reconstructor || this.#held !== lent) return;
    this.#held = undefined;
    this.pool.give(lent);
  }

  on(_event: 'decoded', listener: (packet: unknown) => void): this {
    this.#listener = listener;
    return this;
  }

  removeListener(): this {
    this.#listener = undefined;
    if (this.#held) this.#held.to = undefined;
    return this;
  }

  destroy(): void {
    this.#held?.decoder.destroy();
    this.#held = undefined;
  }
}
