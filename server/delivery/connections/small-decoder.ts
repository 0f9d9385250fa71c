/** What Socket.IO's client uses of a decoder; `reconstructor` is there while a packet waits for its binary parts. */
export interface Decoder {
  add(data: unknown): void;
  removeListener(event: 'decoded', listener: (packet: unknown) => void): unknown;
  destroy(): void;
  readonly reconstructor?: object | null;
}
/** Socket.IO's own. */
export interface StockDecoder extends Decoder {
  on(event: 'decoded', listener: (packet: unknown) => void): unknown;
}

/** Whom packets are decoded for: Socket.IO's client. */
export interface DecodingClient {
  ondecoded(packet: unknown): void;
}

/** Decoders of Socket.IO's own parser that are between two packets. */
export class DecoderPool {
  readonly #create: () => StockDecoder;
  #free: Lent | undefined;

  /** `take` is asked first for each packet: with true, its client does not hear of it. */
  constructor(
    create: () => StockDecoder,
    readonly take: (client: DecodingClient, packet: { readonly nsp: string }) => boolean = () => false,
  ) {
    this.#create = create;
  }

  lend(): Lent {
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
  to: SmallDecoder | undefined;

  constructor(readonly decoder: StockDecoder) {
    decoder.on('decoded', (packet) => this.to?.decoded(packet as { nsp: string }));
  }
}

/** A client's decoder, which has one of the pool's only while a packet waits for its binary parts. */
export class SmallDecoder implements Decoder {
  #held: Lent | undefined;

  constructor(
    private readonly pool: DecoderPool,
    private client: DecodingClient | undefined,
  ) {}

  /** @throws Error when the packet is none */
  add(data: unknown): void {
    const lent = this.#held ?? this.pool.lend();
    this.#held = lent;
    lent.to = this;
    lent.decoder.add(data);
    // What could not be decoded ends the client: its decoder is not used again.
    if (lent.decoder.reconstructor || this.#held !== lent) return;
    this.#held = undefined;
    this.pool.give(lent);
  }

  decoded(packet: { readonly nsp: string }): void {
    const { client, pool } = this;
    if (client && !pool.take(client, packet)) client.ondecoded(packet);
  }

  /** Asked for by Socket.IO's client when it has ended. */
  removeListener(): this {
    this.client = undefined;
    return this;
  }

  destroy(): void {
    this.#held?.decoder.destroy();
    this.#held = undefined;
  }
}
